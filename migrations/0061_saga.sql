-- What takes several steps outside: how far it has come, and what each step may have done.
CREATE TABLE sagas (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  type TEXT NOT NULL,
  start_key TEXT,
  status TEXT NOT NULL,
  step BIGINT NOT NULL,
  input TEXT NOT NULL,
  fence BIGINT NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  started_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  ended_at TEXT
);
CREATE UNIQUE INDEX sagas_by_key ON sagas (organization_id, start_key) WHERE start_key IS NOT NULL;
CREATE INDEX sagas_open ON sagas (organization_id, id) WHERE ended_at IS NULL;

-- A row is written before its step reaches outside.
CREATE TABLE saga_steps (
  saga_id TEXT NOT NULL,
  position BIGINT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  checks BIGINT NOT NULL DEFAULT 0,
  undo_attempts BIGINT NOT NULL DEFAULT 0,
  uncertain BIGINT NOT NULL DEFAULT 0,
  result TEXT NOT NULL DEFAULT 'null',
  last_error TEXT NOT NULL DEFAULT '',
  updated_at TEXT NOT NULL,
  PRIMARY KEY (saga_id, position)
);
