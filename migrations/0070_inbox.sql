-- Where signed webhooks may come from. The name is part of the address, so it is unique here.
CREATE TABLE inbox_sources (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  sealed_secret TEXT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX inbox_sources_by_organization ON inbox_sources (organization_id, id);

-- What came in, stored before it was acknowledged. The provider's event id tells repeats.
CREATE TABLE inbox (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  source TEXT NOT NULL,
  kind TEXT NOT NULL,
  event_id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  subject TEXT NOT NULL,
  sequence BIGINT,
  body TEXT NOT NULL,
  status TEXT NOT NULL,
  repeats BIGINT NOT NULL DEFAULT 0,
  attempts BIGINT NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  job_id TEXT NOT NULL DEFAULT '',
  received_at TEXT NOT NULL,
  processed_at TEXT,
  UNIQUE (organization_id, source, event_id)
);
CREATE INDEX inbox_by_organization ON inbox (organization_id, id);
CREATE INDEX inbox_by_status ON inbox (organization_id, status, id);

-- How far each subject of a source has come: what is older is acknowledged and skipped.
CREATE TABLE inbox_order (
  organization_id TEXT NOT NULL,
  source TEXT NOT NULL,
  subject TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  PRIMARY KEY (organization_id, source, subject)
);
