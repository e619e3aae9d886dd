-- Full text over what was said, without the text: that is in R2. A row id is made as calls.time_order is (src/ledger/time-order.ts),
-- so the newest calls with a word are found first.
CREATE VIRTUAL TABLE conversations USING fts5 (
  call_id UNINDEXED,
  call,                             -- one word made of the call's id, by which its row is found
  said,
  content = '', contentless_delete = 1, contentless_unindexed = 1,
  -- Marks belong to words: in many scripts they are the vowels.
  tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'"
);
