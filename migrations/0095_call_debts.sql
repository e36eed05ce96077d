-- How many of a call's media connections have told their end: telling it again changes nothing.
ALTER TABLE calls ADD COLUMN connections_finished BIGINT NOT NULL DEFAULT 0;
