-- What operators are told. One open alert of each key.
CREATE TABLE alerts (
  id TEXT NOT NULL PRIMARY KEY,
  alert_key TEXT NOT NULL,
  severity TEXT NOT NULL,
  summary TEXT NOT NULL,
  advice TEXT NOT NULL,
  raised_at TEXT NOT NULL,
  resolved_at TEXT
);
CREATE UNIQUE INDEX alerts_open ON alerts (alert_key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_resolved ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
