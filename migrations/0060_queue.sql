-- Durable jobs. What is claimed, promoted, taken over or swept is found by an index over just the
-- rows in that state, so that a million jobs in another one cost nothing. `position` is when a job
-- came or is due, in microseconds, without ties on one node: the order among equals.
CREATE TABLE jobs (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  handler TEXT NOT NULL,
  lane TEXT NOT NULL,
  state TEXT NOT NULL,
  priority BIGINT NOT NULL,
  position BIGINT NOT NULL,
  run_at TEXT NOT NULL,
  expires_at TEXT,
  unique_key TEXT,
  group_key TEXT,
  payload TEXT NOT NULL,
  attempts BIGINT NOT NULL DEFAULT 0,
  fence BIGINT NOT NULL DEFAULT 0,
  node TEXT NOT NULL DEFAULT '',
  cancel_requested BIGINT NOT NULL DEFAULT 0,
  progress BIGINT NOT NULL DEFAULT 0,
  progress_note TEXT NOT NULL DEFAULT '{}',
  last_error TEXT NOT NULL DEFAULT '',
  trace_id TEXT NOT NULL DEFAULT '',
  span_id TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT,
  died_at TEXT
);
CREATE INDEX jobs_ready ON jobs (lane, priority, position) WHERE state = 'ready';
CREATE INDEX jobs_delayed ON jobs (run_at) WHERE state = 'delayed';
CREATE INDEX jobs_scheduled ON jobs (run_at) WHERE state = 'scheduled';
CREATE INDEX jobs_waiting ON jobs (organization_id, group_key, priority, position) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (node, id) WHERE state = 'running';
CREATE INDEX jobs_dead ON jobs (organization_id, id) WHERE state = 'dead';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX jobs_died ON jobs (died_at) WHERE died_at IS NOT NULL;
-- Emptied when the job ends: the key is free again.
CREATE UNIQUE INDEX jobs_unique ON jobs (organization_id, unique_key) WHERE unique_key IS NOT NULL;

-- The one job of each group that may run; the others wait. No row: no job of that group.
CREATE TABLE job_groups (
  organization_id TEXT NOT NULL,
  group_key TEXT NOT NULL,
  head TEXT NOT NULL,
  PRIMARY KEY (organization_id, group_key)
);

-- Who runs jobs. A node whose beat stands still is dead: others take its jobs over.
CREATE TABLE job_nodes (
  node TEXT NOT NULL PRIMARY KEY,
  beat BIGINT NOT NULL,
  started_at TEXT NOT NULL
);

CREATE TABLE job_schedules (
  organization_id TEXT NOT NULL,
  name TEXT NOT NULL,
  cron TEXT NOT NULL,
  zone TEXT NOT NULL,
  handler TEXT NOT NULL,
  payload TEXT NOT NULL,
  priority BIGINT NOT NULL,
  next_at TEXT NOT NULL,
  last_at TEXT,
  PRIMARY KEY (organization_id, name)
);
CREATE INDEX job_schedules_due ON job_schedules (next_at);
