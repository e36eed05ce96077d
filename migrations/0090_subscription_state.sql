-- What a subscription does besides following: it stands at an event that fails for ever, or its
-- tables are emptied and made again from the log.
ALTER TABLE event_subscriptions ADD COLUMN stopped_at TEXT NOT NULL DEFAULT '';
-- Whether its handler can empty its tables; written when it begins to follow.
ALTER TABLE event_subscriptions ADD COLUMN rebuildable BIGINT NOT NULL DEFAULT 0;
-- '', 'emptying', 'replaying'; replayed up to the place that was the newest when it was asked for.
ALTER TABLE event_subscriptions ADD COLUMN rebuild TEXT NOT NULL DEFAULT '';
ALTER TABLE event_subscriptions ADD COLUMN rebuild_transaction_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE event_subscriptions ADD COLUMN rebuild_sequence BIGINT NOT NULL DEFAULT 0;
