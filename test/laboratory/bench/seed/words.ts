import { pick, roller, seededCalls } from "./expressions.ts";
import type { Chunk, Plan } from "./plan.ts";
import { answers, openings } from "./vocabulary.ts";

/**
 * The statement that makes the words of calls that are there and have ended findable. FTS5 without content has no conflicts to
 * do nothing on.
 */
export function insertWords({ seed }: Plan, chunk: Chunk): string {
  const roll = roller(1_000_000_000 + seed);
  return `INSERT INTO ledger_search_index (rowid, text)
WITH ${seededCalls(seed, chunk)}
SELECT id, printf('%s My name is %s. It is about %s, invoice %s. %s %s',
    ${pick(openings, roll())}, variables ->> 'customer_name', variables ->> 'issue_type', variables ->> 'invoice',
    coalesce(metrics ->> 'product_discussed', ''), ${pick(answers, roll())})
FROM seeded
WHERE ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ledger_search_index WHERE rowid = seeded.id)`;
}
