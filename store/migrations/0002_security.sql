-- What erasing, signing in and looking back at both need.

-- The ids of one-way messages that were erased, as hashes: a source that still
-- shows one does not bring it back.
CREATE TABLE erased (
  channel TEXT NOT NULL,
  hash    TEXT NOT NULL,
  PRIMARY KEY (channel, hash)
);

-- What was done to people's data and to sign-ins. It names nobody but staff.
CREATE TABLE audit (
  id    $id,
  at    BIGINT NOT NULL,
  kind  TEXT NOT NULL,
  staff BIGINT NOT NULL,
  data  TEXT NOT NULL
);

-- How a colleague signs in without a link: the password as an argon2id hash,
-- the seed of one-time passwords sealed with a key that is not in the database.
CREATE TABLE credentials (
  staff      BIGINT PRIMARY KEY,
  password   TEXT NOT NULL,
  seed       $bytes,
  step       BIGINT NOT NULL,
  changed_at BIGINT NOT NULL
);
