-- Uploaded documents, the passages cut from them, and what of the object store is to be let go.
CREATE TABLE knowledge_documents (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  name TEXT NOT NULL,
  media_type TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  object_key TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  idempotency_key TEXT,
  replaces TEXT,
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  passages BIGINT NOT NULL,
  pages BIGINT NOT NULL,
  -- The business's knowledge version that brought the present passages.
  passages_version BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  -- Pending: when to take it up. Processing: until when its worker is believed to be alive.
  due_at TEXT NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  version BIGINT NOT NULL
);
CREATE UNIQUE INDEX knowledge_documents_by_key ON knowledge_documents (organization_id, idempotency_key);
CREATE INDEX knowledge_documents_by_business
  ON knowledge_documents (organization_id, business_id, created_at, id);
CREATE INDEX knowledge_documents_by_due ON knowledge_documents (status, due_at);

CREATE TABLE knowledge_passages (
  id TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  document_id TEXT NOT NULL,
  ordinal BIGINT NOT NULL,
  heading TEXT NOT NULL,
  page BIGINT NOT NULL,
  text TEXT NOT NULL,
  embedding BLOB NOT NULL
);
CREATE UNIQUE INDEX knowledge_passages_by_document ON knowledge_passages (document_id, ordinal);
CREATE INDEX knowledge_passages_by_business
  ON knowledge_passages (organization_id, business_id, ordinal, document_id);

-- Counts the changes of a business's passages, so that every index knows whether it is current.
CREATE TABLE knowledge_versions (
  organization_id TEXT NOT NULL,
  business_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (organization_id, business_id)
);

-- Objects that belong to no document: uploads whose row is not there yet, and files of documents
-- that are gone. Removed once due.
CREATE TABLE knowledge_loose_objects (
  object_key TEXT NOT NULL PRIMARY KEY,
  organization_id TEXT NOT NULL,
  created_at TEXT NOT NULL,
  due_at TEXT NOT NULL
);
CREATE INDEX knowledge_loose_objects_by_due ON knowledge_loose_objects (due_at);
