-- What hardly any item has is found without reading all items: each index gives
-- the newest first. On SQLite every index ends with the number by itself.

CREATE INDEX items_channel ON items (channel); -- only: sqlite
CREATE INDEX items_sentiment ON items (sentiment); -- only: sqlite
CREATE INDEX items_channel ON items (channel, id); -- only: postgres
CREATE INDEX items_sentiment ON items (sentiment, id); -- only: postgres
