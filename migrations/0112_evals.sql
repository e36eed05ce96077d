-- Scenarios that simulated callers play; the document is YAML, as people write it.
CREATE TABLE eval_scenarios (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  name TEXT NOT NULL,
  document TEXT NOT NULL,
  required BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX eval_scenarios_listed ON eval_scenarios (organization_id, business_id, id);

-- Scorecards: results are a JSON array, a scenario each.
CREATE TABLE eval_runs (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  agent_version BIGINT NOT NULL,
  agent_revision BIGINT NOT NULL,
  status TEXT NOT NULL,
  results TEXT NOT NULL,
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT
);
CREATE INDEX eval_runs_listed ON eval_runs (organization_id, id);
CREATE INDEX eval_runs_of_agent ON eval_runs (organization_id, business_id, agent_version, id);
