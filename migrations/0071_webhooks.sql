-- Outgoing webhooks. Of a rotated secret the one before is kept while it still signs too.
CREATE TABLE webhook_endpoints (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  url TEXT NOT NULL,
  description TEXT NOT NULL,
  events TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  disabled_reason TEXT NOT NULL DEFAULT '',
  sealed_secret TEXT NOT NULL,
  sealed_old_secret TEXT,
  old_secret_until TEXT,
  failing_since TEXT,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX webhook_endpoints_by_organization ON webhook_endpoints (organization_id, id);

-- One row for each event and endpoint. `job_id` is the one job that may act on it.
CREATE TABLE webhook_deliveries (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  endpoint_id TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  body TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  round_attempts BIGINT NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  last_response_status BIGINT,
  job_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  last_attempt_at TEXT,
  next_attempt_at TEXT,
  UNIQUE (endpoint_id, event_id)
);
CREATE INDEX webhook_deliveries_by_organization ON webhook_deliveries (organization_id, id);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (organization_id, endpoint_id, id);
CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (organization_id, status, id);

-- What was sent each time, and what came back. The signature is not kept.
CREATE TABLE webhook_attempts (
  delivery_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  organization_id TEXT NOT NULL,
  url TEXT NOT NULL,
  sent_at TEXT NOT NULL,
  duration_ms BIGINT NOT NULL,
  response_status BIGINT,
  response_body TEXT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (delivery_id, number)
);
