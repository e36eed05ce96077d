-- Calls, what happened in them, and the one-time tokens their media connections show.
CREATE TABLE calls (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  conversation_id TEXT NOT NULL,
  direction TEXT NOT NULL,
  status TEXT NOT NULL,
  carrier TEXT NOT NULL,
  carrier_call_id TEXT NOT NULL,
  carrier_sequence BIGINT NOT NULL DEFAULT -1,
  from_number TEXT NOT NULL,
  to_number TEXT NOT NULL,
  media_token TEXT,
  connections BIGINT NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  answered_at TEXT,
  ended_at TEXT,
  length_ms BIGINT NOT NULL DEFAULT 0,
  end_reason TEXT NOT NULL DEFAULT '',
  outcome TEXT NOT NULL DEFAULT 'none',
  summary TEXT NOT NULL DEFAULT '',
  caller_turns BIGINT NOT NULL DEFAULT 0,
  agent_turns BIGINT NOT NULL DEFAULT 0,
  interruptions BIGINT NOT NULL DEFAULT 0,
  recording_key TEXT,
  updated_at TEXT NOT NULL,
  version BIGINT NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX calls_by_carrier ON calls (carrier, carrier_call_id);
CREATE UNIQUE INDEX calls_by_media_token ON calls (media_token);
CREATE INDEX calls_by_organization ON calls (organization_id, id);
CREATE INDEX calls_by_business ON calls (organization_id, business_id, id);
CREATE INDEX calls_by_status ON calls (status, updated_at);

CREATE TABLE call_timeline (
  call_id TEXT NOT NULL,
  sequence BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (call_id, sequence)
);
