-- Which pages may let their visitors talk to a business's agent.
CREATE TABLE web_voice_sites (
  business_id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  widget_key TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  version BIGINT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX web_voice_keys ON web_voice_sites (widget_key);

CREATE TABLE web_voice_origins (
  business_id TEXT NOT NULL,
  origin TEXT NOT NULL,
  place BIGINT NOT NULL,
  PRIMARY KEY (business_id, origin)
);
CREATE INDEX web_voice_origins_of ON web_voice_origins (origin);
