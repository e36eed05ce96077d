-- Appointments. busy_from and busy_until include the service's buffers as they were when it was
-- booked. Times are UTC text of one width, so text order is time order.
CREATE TABLE appointments (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  service_id TEXT NOT NULL,
  service_name TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  resource_name TEXT NOT NULL,
  start_at TEXT NOT NULL,
  end_at TEXT NOT NULL,
  busy_from TEXT NOT NULL,
  busy_until TEXT NOT NULL,
  local_start TEXT NOT NULL,
  customer_name TEXT NOT NULL,
  customer_phone TEXT NOT NULL,
  customer_email TEXT NOT NULL,
  notes TEXT NOT NULL,
  source TEXT NOT NULL,
  call_id TEXT NOT NULL,
  status TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  version BIGINT NOT NULL,
  idempotency_key TEXT,
  request_digest TEXT,
  UNIQUE (organization_id, idempotency_key)
);
CREATE INDEX appointments_by_business ON appointments (organization_id, business_id, start_at, id);
CREATE INDEX appointments_by_time ON appointments (organization_id, start_at, id);
CREATE INDEX appointments_by_phone ON appointments (organization_id, customer_phone, start_at);
CREATE INDEX appointments_busy ON appointments (organization_id, business_id, status, busy_from);
