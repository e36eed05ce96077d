-- Businesses: what is looked up has a column, the rest of the profile is one JSON document.
CREATE TABLE businesses (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  profile TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX businesses_by_organization ON businesses (organization_id, created_at, id);

-- A number rings for one business of one organization.
CREATE TABLE business_numbers (
  number TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL REFERENCES businesses (id),
  assigned_at TEXT NOT NULL
);
CREATE INDEX business_numbers_by_business ON business_numbers (business_id, assigned_at, number);

-- What callers left for the owner.
CREATE TABLE business_messages (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  caller_name TEXT NOT NULL,
  caller_phone TEXT NOT NULL,
  body TEXT NOT NULL,
  received_at TEXT NOT NULL,
  idempotency_key TEXT,
  UNIQUE (organization_id, idempotency_key)
);
CREATE INDEX business_messages_by_business
  ON business_messages (organization_id, business_id, received_at, id);
