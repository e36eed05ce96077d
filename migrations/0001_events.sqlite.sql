-- The event log: streams with their versions, events in one global order, subscribers' places.
CREATE TABLE event_streams (
  organization_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (organization_id, stream)
) WITHOUT ROWID;

-- One writer commits at a time, so the sequence alone is the global order.
CREATE TABLE events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  transaction_id BIGINT NOT NULL DEFAULT 0,
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  version BIGINT NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  principal TEXT NOT NULL,
  time TEXT NOT NULL
);
CREATE INDEX events_by_order ON events (transaction_id, sequence);
CREATE UNIQUE INDEX events_by_stream ON events (organization_id, stream, version);
CREATE INDEX events_by_organization ON events (organization_id, transaction_id, sequence);
CREATE INDEX events_by_type ON events (type, transaction_id, sequence);

-- What may be read: nothing older can still appear before it.
CREATE VIEW settled_events AS SELECT * FROM events;

-- How far each subscription has come, which node follows it, and the events it gave up on.
CREATE TABLE event_subscriptions (
  name TEXT NOT NULL PRIMARY KEY,
  transaction_id BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  last_error TEXT,
  lease_owner TEXT NOT NULL DEFAULT '',
  lease_until TEXT NOT NULL DEFAULT '',
  updated_at TEXT NOT NULL
);

CREATE TABLE event_dead_letters (
  subscription TEXT NOT NULL,
  event_id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  transaction_id BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  reason TEXT NOT NULL,
  parked_at TEXT NOT NULL,
  PRIMARY KEY (subscription, event_id)
);
