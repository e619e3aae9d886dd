import pMap from "p-map";
import { askLedger } from "../../src/commands/ask-ledger.ts";
import { countsText, type ErasedCounts, erase } from "../../src/commands/erasure.ts";
import { customerPhones } from "./customers.ts";
import { showProgress } from "./progress.ts";

/** Jobs at a time: each looks through everything that is parked or in quarantine. */
const CONCURRENCY = 4;

/** Erases the calls of all customers of the simulator from a ledger, through its API. */
export async function removeSimulated(url: URL, token: string, signal: AbortSignal): Promise<true> {
  const ask = askLedger(url, token, signal);
  const progress = showProgress();
  const total: ErasedCounts = {};
  let done = 0;
  progress.step(`Erasing the calls of the simulator's ${customerPhones.length} customers at ${url.origin}`);
  try {
    await pMap(
      customerPhones,
      async (phone) => {
        const erased = await erase(ask, { phone }, signal);
        for (const [kind, count] of Object.entries(erased)) total[kind] = (total[kind] ?? 0) + count;
        done += 1;
        progress.advance(done, customerPhones.length);
      },
      { concurrency: CONCURRENCY },
    );
  } catch (error) {
    progress.fail();
    throw error;
  }
  progress.finish();
  console.log(`erased: ${countsText(total)}`);
  return true;
}
