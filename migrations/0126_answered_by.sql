-- Who, or what, picked up a call that we made; empty for others, and until it is known.
ALTER TABLE calls ADD COLUMN answered_by TEXT NOT NULL DEFAULT '';
