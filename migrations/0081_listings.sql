-- Lists of jobs and sagas, the newest first. The columns never change: an index over the state would
-- be written anew at each step of a job, which halves what a queue does.
CREATE INDEX jobs_listed ON jobs (organization_id, created_at, id);
CREATE INDEX sagas_listed ON sagas (organization_id, started_at, id);
