-- Every version of a business's agent, as a whole document; one is published, at most one a draft.
CREATE TABLE agent_versions (
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL,
  agent TEXT NOT NULL,
  revision BIGINT NOT NULL,
  note TEXT NOT NULL,
  created_at TEXT NOT NULL,
  created_by TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  published_at TEXT,
  published_by TEXT,
  forced_reason TEXT,
  PRIMARY KEY (business_id, number)
);
CREATE UNIQUE INDEX agent_versions_published ON agent_versions (business_id) WHERE state = 'published';
CREATE UNIQUE INDEX agent_versions_draft ON agent_versions (business_id) WHERE state = 'draft';

-- What stands before a draft is published; no row: nothing.
CREATE TABLE agent_gates (
  business_id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  gate TEXT NOT NULL,
  updated_at TEXT NOT NULL
);

-- What is in force becomes the first version.
INSERT INTO agent_versions (organization_id, business_id, number, state, agent, revision, note,
  created_at, created_by, updated_at, published_at, published_by)
SELECT organization_id, id, 1, 'published', CAST(profile AS json)->>'agent', 1, '', updated_at, '', updated_at, updated_at, ''
FROM businesses;
