-- Answers kept for a while by the Idempotency-Key of the request, sealed: they may hold tokens.
CREATE TABLE api_idempotency_keys (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  attempt TEXT NOT NULL,
  lease_until TEXT NOT NULL,
  answer BLOB,
  expires_at TEXT NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX api_idempotency_keys_by_expiry ON api_idempotency_keys (expires_at);
