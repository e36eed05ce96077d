-- Runs of the integration suite; steps are a JSON array in the order they are tried.
CREATE TABLE integration_runs (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  started_by TEXT NOT NULL,
  status TEXT NOT NULL,
  steps TEXT NOT NULL,
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT
);
CREATE INDEX integration_runs_listed ON integration_runs (organization_id, id);
CREATE UNIQUE INDEX integration_runs_job ON integration_runs (job_id);
CREATE INDEX integration_runs_finished ON integration_runs (finished_at) WHERE finished_at IS NOT NULL;
