-- The first schema. One text for both engines: $id and $bytes stand for what
-- they call differently, and a line that ends in "-- only: sqlite" or
-- "-- only: postgres" is kept for that engine alone. Times are microseconds
-- since 1970 in UTC, 0 where there is none. JSON is TEXT: only Go reads it.

CREATE TABLE authors (
  id         $id,
  channel    TEXT NOT NULL,
  external   TEXT NOT NULL,
  name       TEXT NOT NULL,
  handle     TEXT NOT NULL,
  lang       TEXT NOT NULL,
  followers  BIGINT NOT NULL,
  blocked    BOOLEAN NOT NULL,
  gone       BOOLEAN NOT NULL,
  informed   BOOLEAN NOT NULL,
  surveyed   BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  UNIQUE (channel, external)
);

CREATE TABLE conversations (
  id           $id,
  channel      TEXT NOT NULL,
  chat         TEXT NOT NULL,
  is_group     BOOLEAN NOT NULL,
  title        TEXT NOT NULL,
  author       BIGINT NOT NULL,
  pending      TEXT NOT NULL,
  pending_item BIGINT NOT NULL,
  pending_at   BIGINT NOT NULL,
  fields       TEXT NOT NULL,
  updated_at   BIGINT NOT NULL,
  UNIQUE (channel, chat, author)
);
CREATE INDEX conversations_author ON conversations (author);

CREATE TABLE messages (
  id           $id,
  channel      TEXT NOT NULL,
  external     TEXT NOT NULL,
  platform     TEXT NOT NULL,
  message_id   TEXT NOT NULL,
  reply_to     TEXT NOT NULL,
  conversation BIGINT NOT NULL,
  author       BIGINT NOT NULL,
  item         BIGINT NOT NULL,
  staff        BIGINT NOT NULL,
  direction    TEXT NOT NULL,
  kind         TEXT NOT NULL,
  event        TEXT NOT NULL,
  mentioned    BOOLEAN NOT NULL,
  is_group     BOOLEAN NOT NULL,
  text         TEXT NOT NULL,
  raw          $bytes,
  url          TEXT NOT NULL,
  fields       TEXT NOT NULL,
  lane         TEXT NOT NULL,
  stage        TEXT NOT NULL,
  attempts     BIGINT NOT NULL,
  error        TEXT NOT NULL,
  posted_at    BIGINT NOT NULL,
  received_at  BIGINT NOT NULL,
  edited_at    BIGINT NOT NULL,
  verdict      TEXT NOT NULL,
  UNIQUE (channel, external)
);
CREATE INDEX messages_conversation ON messages (conversation, id) WHERE conversation <> 0;
CREATE INDEX messages_platform ON messages (conversation, message_id) WHERE message_id <> '';
CREATE INDEX messages_item ON messages (item, id) WHERE item <> 0;
CREATE INDEX messages_author ON messages (author);
CREATE INDEX messages_new ON messages (lane, id) WHERE stage = 'new';
CREATE INDEX messages_new_conversation ON messages (conversation, id) WHERE stage = 'new';
CREATE INDEX messages_quarantined ON messages (id) WHERE stage = 'quarantined';

CREATE TABLE attachments (
  id       $id,
  message  BIGINT NOT NULL REFERENCES messages (id),
  kind     TEXT NOT NULL,
  ref      TEXT NOT NULL,
  name     TEXT NOT NULL,
  mime     TEXT NOT NULL,
  size     BIGINT NOT NULL,
  duration BIGINT NOT NULL,
  state    TEXT NOT NULL,
  path     TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  error    TEXT NOT NULL,
  next_at  BIGINT NOT NULL
);
CREATE INDEX attachments_message ON attachments (message, id);
CREATE INDEX attachments_due ON attachments (next_at) WHERE state = 'pending';

CREATE TABLE items (
  id            $serial,
  -- Derived when written, for lists and figures: is it 待办, what the verdict
  -- says, and its state, teams and topics together, now and before the latest
  -- write.
  live          BOOLEAN NOT NULL,
  sentiment     TEXT NOT NULL,
  facets        TEXT NOT NULL,
  facets_before TEXT NOT NULL,
  channel       TEXT NOT NULL,
  platform      TEXT NOT NULL,
  kind          TEXT NOT NULL,
  conversation  BIGINT NOT NULL,
  author        BIGINT NOT NULL,
  author_name   TEXT NOT NULL,
  followers     BIGINT NOT NULL,
  state         TEXT NOT NULL,
  priority      BIGINT NOT NULL,
  pinned        BOOLEAN NOT NULL,
  team          TEXT NOT NULL,
  cards         TEXT NOT NULL,
  owner         BIGINT NOT NULL,
  images        BIGINT NOT NULL,
  voices        BIGINT NOT NULL,
  history       BOOLEAN NOT NULL,
  is_group      BOOLEAN NOT NULL,
  way_back      BOOLEAN NOT NULL,
  visit         BIGINT NOT NULL,
  urged         BIGINT NOT NULL,
  transfers     BIGINT NOT NULL,
  reopened      BIGINT NOT NULL,
  resolution    BIGINT NOT NULL,
  surveyed      BIGINT NOT NULL,
  merged        BIGINT NOT NULL,
  rating        BIGINT NOT NULL,
  rated_at      BIGINT NOT NULL,
  receipt       TEXT NOT NULL,
  closure       TEXT NOT NULL,
  posted_on     BOOLEAN NOT NULL,
  created_at    BIGINT NOT NULL,
  posted_at     BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  claimed_at    BIGINT NOT NULL,
  replied_at    BIGINT NOT NULL,
  resolved_at   BIGINT NOT NULL,
  ended_at      BIGINT NOT NULL,
  due_at        BIGINT NOT NULL,
  promised_at   BIGINT NOT NULL,
  left_us       BIGINT NOT NULL,
  snoozed_until BIGINT NOT NULL,
  last_in_at    BIGINT NOT NULL,
  version       BIGINT NOT NULL,
  -- The long ones come last: what lists are chosen by is read without them.
  reasons       TEXT NOT NULL,
  copies        TEXT NOT NULL,
  path          TEXT NOT NULL,
  verdict       TEXT NOT NULL,
  text          TEXT NOT NULL,
  quote         TEXT NOT NULL,
  url           TEXT NOT NULL,
  fields        TEXT NOT NULL,
  resolved      TEXT NOT NULL,
  ask           TEXT NOT NULL
);
CREATE INDEX items_live ON items (id) WHERE live;
CREATE INDEX items_due ON items (due_at) WHERE due_at <> 0;
CREATE INDEX items_owner ON items (owner, id) WHERE owner <> 0;
CREATE INDEX items_conversation ON items (conversation, id) WHERE conversation <> 0;
CREATE INDEX items_author ON items (author, id) WHERE author <> 0;
CREATE INDEX items_created ON items (created_at); -- only: postgres
-- SQLite counts from this index alone; PostgreSQL's indexes take no long names.
CREATE INDEX items_figures ON items (created_at, state, sentiment, priority, channel, team, history, facets); -- only: sqlite

-- What lists are chosen by, newest first, without looking at the items:
-- "team=care" (owning or copied) and "topic=物流配送".
CREATE TABLE item_facets (
  facet TEXT NOT NULL,
  item  BIGINT NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (facet, item)
)
WITHOUT ROWID -- only: sqlite
;
CREATE INDEX item_facets_state ON item_facets (facet, state, item);

-- Search. The tokens are encoded, so that neither engine's tokenizer or query
-- language ever sees text; the index alone is kept.
CREATE VIRTUAL TABLE item_words USING fts5(words, content='', contentless_delete=1, tokenize='ascii'); -- only: sqlite
CREATE TABLE item_words (item BIGINT PRIMARY KEY, words TSVECTOR NOT NULL); -- only: postgres
CREATE INDEX item_words_words ON item_words USING gin (words); -- only: postgres

CREATE TABLE events (
  id    $id,
  item  BIGINT NOT NULL,
  at    BIGINT NOT NULL,
  kind  TEXT NOT NULL,
  staff BIGINT NOT NULL,
  key   TEXT NOT NULL,
  data  TEXT NOT NULL
);
CREATE INDEX events_item ON events (item, id);
CREATE UNIQUE INDEX events_key ON events (key) WHERE key <> '';

CREATE TABLE timers (
  item BIGINT NOT NULL,
  kind TEXT NOT NULL,
  due  BIGINT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (item, kind)
);
CREATE INDEX timers_due ON timers (due);

CREATE TABLE outbox (
  id           $id,
  key          TEXT NOT NULL UNIQUE,
  bot          TEXT NOT NULL,
  chat         TEXT NOT NULL,
  audience     TEXT NOT NULL,
  kind         TEXT NOT NULL,
  item         BIGINT NOT NULL,
  conversation BIGINT NOT NULL,
  message      BIGINT NOT NULL,
  staff        BIGINT NOT NULL,
  resolution   BIGINT NOT NULL,
  body         $bytes,
  state        TEXT NOT NULL,
  urgent       BOOLEAN NOT NULL,
  attempts     BIGINT NOT NULL,
  next_at      BIGINT NOT NULL,
  rev          BIGINT NOT NULL,
  sent_rev     BIGINT NOT NULL,
  external     TEXT NOT NULL,
  epoch        BIGINT NOT NULL,
  error        TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  sent_at      BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (bot, urgent DESC, id, next_at) WHERE state IN ('pending', 'retry');
CREATE INDEX outbox_held ON outbox (conversation, id) WHERE state IN ('sending', 'retry');
CREATE INDEX outbox_open ON outbox (state, bot, next_at) WHERE state IN ('pending', 'retry', 'sending', 'uncertain', 'dead');
CREATE INDEX outbox_item ON outbox (item, id) WHERE item <> 0;
CREATE INDEX outbox_conversation ON outbox (conversation, id) WHERE conversation <> 0;
CREATE INDEX outbox_external ON outbox (bot, external) WHERE external <> '';
CREATE INDEX outbox_sent ON outbox (bot, sent_at) WHERE sent_at <> 0;

CREATE TABLE leases (
  name    TEXT PRIMARY KEY,
  holder  TEXT NOT NULL,
  epoch   BIGINT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE TABLE cursors (
  channel TEXT PRIMARY KEY,
  data    $bytes
);

CREATE TABLE state (
  key     TEXT PRIMARY KEY,
  value   TEXT NOT NULL,
  expires BIGINT NOT NULL
);

CREATE TABLE fires (
  job  TEXT NOT NULL,
  slot BIGINT NOT NULL,
  PRIMARY KEY (job, slot)
);

CREATE TABLE staff (
  id       $serial,
  name     TEXT NOT NULL UNIQUE,
  shown_as TEXT NOT NULL,
  role     TEXT NOT NULL,
  team     TEXT NOT NULL,
  disabled BOOLEAN NOT NULL
);

CREATE TABLE accounts (
  bot      TEXT NOT NULL,
  external TEXT NOT NULL,
  staff    BIGINT NOT NULL REFERENCES staff (id),
  PRIMARY KEY (bot, external)
);
CREATE UNIQUE INDEX accounts_staff ON accounts (staff, bot);

CREATE TABLE codes (
  kind    TEXT NOT NULL,
  hash    TEXT NOT NULL,
  staff   BIGINT NOT NULL,
  data    TEXT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (kind, hash)
);

CREATE TABLE tries (
  key     TEXT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX tries_key ON tries (key, expires);
CREATE INDEX tries_expires ON tries (expires);

CREATE TABLE sessions (
  hash       TEXT PRIMARY KEY,
  staff      BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  seen_at    BIGINT NOT NULL,
  expires    BIGINT NOT NULL
);
CREATE INDEX sessions_staff ON sessions (staff);
CREATE INDEX sessions_expires ON sessions (expires);

CREATE TABLE team_chats (
  bot   TEXT NOT NULL,
  chat  TEXT NOT NULL,
  team  TEXT NOT NULL,
  title TEXT NOT NULL,
  PRIMARY KEY (bot, chat)
);

CREATE TABLE corrections (
  id      $id,
  item    BIGINT NOT NULL,
  staff   BIGINT NOT NULL,
  text    TEXT NOT NULL,
  was     TEXT NOT NULL,
  is_now  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  revoked BOOLEAN NOT NULL
);
CREATE INDEX corrections_item ON corrections (item);

CREATE TABLE ratings (
  item       BIGINT NOT NULL,
  resolution BIGINT NOT NULL,
  mark       BIGINT NOT NULL,
  at         BIGINT NOT NULL,
  PRIMARY KEY (item, resolution)
);
