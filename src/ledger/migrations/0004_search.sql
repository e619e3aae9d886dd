-- What searching needs. Both phone numbers beside the time in the one index there is: looking for a part of a number reads the
-- index alone, an entry a call, and a call still costs one index entry. They are a copy, kept by a trigger, since an update
-- that names an indexed column is billed for the index too.
ALTER TABLE calls ADD COLUMN phones TEXT NOT NULL DEFAULT '';

UPDATE calls SET phones = substr(coalesce(caller_phone, ''), 1, 40) || '/' || substr(coalesce(agent_phone, ''), 1, 40);

DROP INDEX calls_by_time;
CREATE INDEX calls_by_time ON calls (ten_minutes, phones);

CREATE TRIGGER calls_renumbered AFTER UPDATE OF caller_phone, agent_phone ON calls
WHEN new.phones <> substr(coalesce(new.caller_phone, ''), 1, 40) || '/' || substr(coalesce(new.agent_phone, ''), 1, 40)
BEGIN
  UPDATE calls SET phones = substr(coalesce(new.caller_phone, ''), 1, 40) || '/' || substr(coalesce(new.agent_phone, ''), 1, 40)
  WHERE call_id = new.call_id;
END;

-- Full text over what was said, without the text: that is in R2. A row id is the milliseconds of calls.called_at, then a
-- number within them (src/ledger/conversations.ts), so the newest calls with a word are found first.
CREATE VIRTUAL TABLE conversations USING fts5 (
  call_id UNINDEXED,
  call,                             -- one word made of the call's id, by which its row is found
  said,
  content = '', contentless_delete = 1, contentless_unindexed = 1,
  -- Marks belong to words: in many scripts they are the vowels.
  tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'"
);
