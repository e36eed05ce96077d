-- The event log: streams with their versions, events in one global order, subscribers' places.
CREATE TABLE event_streams (
  organization_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (organization_id, stream)
);

-- Added to the cluster's transaction numbers, so that the order goes on after a restore elsewhere.
CREATE TABLE event_clock (
  transaction_offset BIGINT NOT NULL
);
INSERT INTO event_clock (transaction_offset) VALUES (0);

CREATE FUNCTION event_transaction() RETURNS BIGINT LANGUAGE sql VOLATILE AS $$
  SELECT pg_current_xact_id()::text::bigint + (SELECT transaction_offset FROM event_clock)
$$;

CREATE TABLE events (
  transaction_id BIGINT NOT NULL DEFAULT event_transaction(),
  sequence BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  stream TEXT NOT NULL,
  version BIGINT NOT NULL,
  type TEXT COLLATE "C" NOT NULL,
  data TEXT NOT NULL,
  principal TEXT NOT NULL,
  time TEXT NOT NULL
);
CREATE INDEX events_by_order ON events (transaction_id, sequence);
CREATE UNIQUE INDEX events_by_stream ON events (organization_id, stream, version);
CREATE INDEX events_by_organization ON events (organization_id, transaction_id, sequence);
CREATE INDEX events_by_type ON events (type, transaction_id, sequence);

-- What may be read: events of transactions older than every running one, so that nothing can still
-- appear before them.
CREATE VIEW settled_events AS
  SELECT * FROM events
  WHERE transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                         + (SELECT transaction_offset FROM event_clock);

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
