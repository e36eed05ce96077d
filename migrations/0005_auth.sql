-- Organizations and their people, sessions with rotating refresh tokens, API keys, and the counters
-- that slow down guessing. No secret is stored in a form that can be used.
CREATE TABLE organizations (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  created_at TEXT NOT NULL
);

CREATE TABLE users (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  status TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  last_sign_in_at TEXT,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_by_email ON users (email);
CREATE INDEX users_by_organization ON users (organization_id, id);

-- One sign-in and all the refresh tokens that follow from it: the family that reuse revokes.
CREATE TABLE auth_sessions (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created_at TEXT NOT NULL,
  last_used_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  revoked_at TEXT,
  revoked_because TEXT,
  remote_ip TEXT NOT NULL,
  user_agent TEXT NOT NULL
);
CREATE INDEX auth_sessions_by_user ON auth_sessions (user_id, created_at);
CREATE INDEX auth_sessions_by_expiry ON auth_sessions (expires_at);

CREATE TABLE auth_refresh_tokens (
  token_hash TEXT NOT NULL PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES auth_sessions (id) ON DELETE CASCADE,
  issued_at TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  used_at TEXT
);
CREATE INDEX auth_refresh_tokens_by_session ON auth_refresh_tokens (session_id);

CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL REFERENCES organizations (id),
  name TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  shown_prefix TEXT NOT NULL,
  role TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_at TEXT,
  last_used_at TEXT
);
CREATE UNIQUE INDEX api_keys_by_hash ON api_keys (key_hash);
CREATE INDEX api_keys_by_organization ON api_keys (organization_id, id);

-- Keys are hashes of "account:<email>" and "address:<ip>".
CREATE TABLE auth_attempts (
  key TEXT NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  last_at TEXT NOT NULL,
  locked_until TEXT
);
CREATE INDEX auth_attempts_by_time ON auth_attempts (last_at);
