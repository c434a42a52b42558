-- Learning from corrections: what a correction named, who took it back, and a
-- row for each try at learning.

ALTER TABLE corrections ADD COLUMN labels TEXT NOT NULL DEFAULT '';
ALTER TABLE corrections ADD COLUMN revoked_by BIGINT NOT NULL DEFAULT 0;
ALTER TABLE corrections ADD COLUMN revoked_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX corrections_standing ON corrections (item) WHERE NOT revoked;

CREATE TABLE models (
  id      $id,
  version TEXT NOT NULL,
  base    TEXT NOT NULL,
  lessons BIGINT NOT NULL,
  print   TEXT NOT NULL,
  at      BIGINT NOT NULL,
  took    BIGINT NOT NULL,
  applied BOOLEAN NOT NULL,
  reason  TEXT NOT NULL,
  figures TEXT NOT NULL,
  -- Only of the one in force and the one before it.
  data    $bytes
);
CREATE INDEX models_applied ON models (base, id) WHERE applied;
