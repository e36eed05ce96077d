-- Where the log begins: everything up to there may have been removed. No row while nothing was.
CREATE TABLE event_horizon (
  id BIGINT NOT NULL PRIMARY KEY,
  transaction_id BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  moved_at TEXT NOT NULL
);
CREATE INDEX event_dead_letters_by_event ON event_dead_letters (event_id);

-- What a stream's events came to, at a version: a shorter way to its state.
CREATE TABLE event_snapshots (
  organization_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  name TEXT NOT NULL,
  schema_version BIGINT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  taken_at TEXT NOT NULL,
  PRIMARY KEY (organization_id, stream, name)
);
