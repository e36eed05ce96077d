-- The version of the agent that a call was held with; calls of before have none.
ALTER TABLE calls ADD COLUMN agent_version BIGINT;
