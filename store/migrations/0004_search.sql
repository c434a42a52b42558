-- Search that stays quick among millions of items. What is being worked on has
-- an index of its own, whatever else is asked for with it.

CREATE INDEX items_unended ON items (id) WHERE state IN ('new', 'open', 'waiting');

-- PostgreSQL's index of words names the blocks of items that each item lies in,
-- so that it can be asked for the newest ones alone. The table is written anew;
-- a million items take some minutes.
CREATE TABLE item_words_new (item BIGINT PRIMARY KEY, words TSVECTOR NOT NULL); -- only: postgres
INSERT INTO item_words_new SELECT item, words || array_to_tsvector(ARRAY['xa' || (item >> 22), 'xb' || (item >> 19), 'xc' || (item >> 16), 'xd' || (item >> 13)]) FROM item_words ORDER BY item; -- only: postgres
DROP TABLE item_words; -- only: postgres
ALTER TABLE item_words_new RENAME TO item_words; -- only: postgres
ALTER INDEX item_words_new_pkey RENAME TO item_words_pkey; -- only: postgres
CREATE INDEX item_words_words ON item_words USING gin (words) WITH (gin_pending_list_limit = 512); -- only: postgres
-- The window of a span of time is looked up with the numbers of its items.
DROP INDEX items_created; -- only: postgres
CREATE INDEX items_created ON items (created_at, id); -- only: postgres
