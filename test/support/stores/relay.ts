import pWaitFor from "p-wait-for";
import * as z from "zod";
import { ask } from "../ask.ts";
import { FAULTS_PATH, type Faults } from "./faults.ts";

const MINUTE_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 200;
/** A run of the cron waits shorter than this for a store that hangs. */
const CRON_MILLISECONDS = 60_000;

/** Makes the stores of a ledger on `faulty-ledger.ts` fail, for every request, message and cron from now on. */
export async function setFaults(url: string, faults: Faults): Promise<void> {
  const response = await fetch(new URL(FAULTS_PATH, url), { method: "POST", body: JSON.stringify(faults) });
  if (!response.ok) throw new Error(`${FAULTS_PATH} answers ${response.status}`);
}

/**
 * Runs the cron of a local ledger through miniflare's own door.
 * @param time the minute that the cron runs for
 * @param timeoutMilliseconds of the run
 */
export async function runCron(
  url: string,
  time: Date,
  timeoutMilliseconds = CRON_MILLISECONDS,
  cron = "* * * * *",
): Promise<void> {
  const address = new URL("/cdn-cgi/local/scheduled", url);
  address.search = new URLSearchParams({ cron, time: String(time.getTime()) }).toString();
  const response = await fetch(address, { signal: AbortSignal.timeout(timeoutMilliseconds) });
  if (!response.ok) throw new Error(`the cron ended with ${response.status} ${await response.text()}`);
}

export interface RelayOptions {
  timeoutMilliseconds: number;
  signal?: AbortSignal;
}

/**
 * Runs the cron again and again. A minute passes from one run to the next as far as the ledger can tell, so that overdue
 * deliveries come to their turn.
 * @param isOver called after every run
 * @returns how many runs it took
 */
export async function relayUntil(
  url: string,
  isOver: () => Promise<boolean>,
  { timeoutMilliseconds, signal }: RelayOptions,
): Promise<number> {
  const began = Date.now();
  let runs = 0;
  await pWaitFor(
    async () => {
      await runCron(url, new Date(began + ++runs * MINUTE_MILLISECONDS));
      return isOver();
    },
    { interval: POLL_MILLISECONDS, timeout: timeoutMilliseconds, ...(signal && { signal }) },
  );
  return runs;
}

const replayed = z.object({ recovered: z.number(), next_cursor: z.string().nullable() });

/**
 * Replays the quarantine, page by page, as after a corrected deployment.
 * @returns how many bodies left it
 */
export async function replayQuarantine(url: string): Promise<number> {
  let recovered = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const body = JSON.stringify(cursor === "" ? {} : { cursor });
    const answer = await ask(url, "/api/quarantine/replay", { method: "POST", body });
    const page = replayed.parse(answer.body);
    recovered += page.recovered;
    cursor = page.next_cursor;
  }
  return recovered;
}
