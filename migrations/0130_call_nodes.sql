-- Which node holds a call, and the nodes there are: `beat` moves while a node lives.
ALTER TABLE calls ADD COLUMN node TEXT NOT NULL DEFAULT '';
CREATE TABLE call_nodes (
  node TEXT NOT NULL PRIMARY KEY,
  beat BIGINT NOT NULL
);
