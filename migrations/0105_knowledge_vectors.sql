-- Vectors of passages, where the store of vectors is our own database. `space` is the embedder that
-- made them; vectors of different ones are never compared.
CREATE TABLE knowledge_vectors (
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  space TEXT NOT NULL,
  passage_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  -- The version below that brought this row.
  revision BIGINT NOT NULL,
  -- 32-bit floats, little-endian.
  vector BLOB NOT NULL,
  PRIMARY KEY (organization_id, business_id, space, passage_id)
);
CREATE INDEX knowledge_vectors_by_document
  ON knowledge_vectors (organization_id, business_id, space, document_id, revision);

CREATE INDEX knowledge_vectors_of_document ON knowledge_vectors (document_id);

-- Counts the changes of a business's vectors, so that what is in memory knows whether it is current.
CREATE TABLE knowledge_vector_versions (
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  space TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (organization_id, business_id, space)
);

-- What of each document is in which store, made by which embedder. A document without a row, or
-- whose row says something else than it should, is written; a row without a document is removed.
CREATE TABLE knowledge_vector_states (
  document_id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  -- Of knowledge_documents; 0: nothing is written yet.
  passages_version BIGINT NOT NULL,
  space TEXT NOT NULL,
  store TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  -- Until when somebody is at it, or when to try again.
  due_at TEXT NOT NULL
);
