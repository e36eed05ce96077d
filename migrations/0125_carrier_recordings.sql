-- Recordings that carriers make, each once by the carrier's id, and where they were fetched to.
CREATE TABLE carrier_recordings (
  carrier TEXT NOT NULL,
  recording_id TEXT NOT NULL,
  organization_id TEXT NOT NULL,
  call_id TEXT NOT NULL,
  status TEXT NOT NULL,
  length_s BIGINT,
  object_key TEXT,
  size_bytes BIGINT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (carrier, recording_id)
);
CREATE INDEX carrier_recordings_by_call ON carrier_recordings (call_id, created_at);
