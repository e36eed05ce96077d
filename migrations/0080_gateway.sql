-- Routes of the API gateway. `spec` is the route as it was written: see modules/gateway/README.md.
CREATE TABLE gateway_routes (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  spec TEXT NOT NULL,
  version BIGINT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX gateway_routes_by_organization ON gateway_routes (organization_id, id);
