-- Lists of jobs and sagas by what they are in, the newest first. A state has few values, so a list
-- of all of them is merged from one stretch of an index for each. A list asks for its own index by
-- what it is ordered by and by the text added to the state: PostgreSQL guesses what a row passed
-- over costs, and would else walk the primary key, or another organization's jobs, in the hope of
-- meeting the right ones soon.
CREATE INDEX jobs_listed ON jobs (organization_id, (state || ''), created_at, id);
CREATE INDEX jobs_listed_lane ON jobs (organization_id, lane, (state || '/lane'), created_at, id);
CREATE INDEX jobs_listed_handler ON jobs (organization_id, handler, lane, (state || '/handler'), created_at, id);

CREATE INDEX sagas_listed ON sagas (organization_id, (status || ''), started_at, id);
CREATE INDEX sagas_listed_type ON sagas (organization_id, type, (status || '/type'), started_at, id);
