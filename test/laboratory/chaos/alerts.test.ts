import pMap from "p-map";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { SYNC_SECRET } from "../../support/downstream.ts";
import { SECRET } from "../../support/ledger.ts";
import { bootOnNetwork } from "../../support/network-ledger.ts";
import { post } from "../../support/post.ts";
import { type ReceivedRequest, startReceiver } from "../../support/receiver.ts";
import { type Faults, faultKinds } from "../../support/stores/faults.ts";
import { readUsage } from "../../support/stores/limited.ts";
import { runCron, setFaults } from "../../support/stores/relay.ts";
import { type LocalLedger, startLocalLedger } from "../simulator/local-ledger.ts";

const ENTRY = "test/support/stores/faulty-ledger.ts";

/** An alert about a body in quarantine opens when five minutes have passed, and closes five minutes after the body went. */
const moments = { begins: 0, opens: 5, "is over": 6, closes: 11 };

const faultsOfOneMinute: Faults[] = [
  ...faultKinds.flatMap((kind) => [{ D1: kind }, { R2: kind }]),
  // Nothing can be written of what the receiver took, or all of it is and the answer is lost.
  ...(["before", "after", "overloaded", "hang"] as const).map((afterwards) => ({
    D1: { works: 0, of: "batch", about: "receiver", afterwards },
  })),
  { D1: "full" },
];

type FaultyLedger = Awaited<ReturnType<typeof bootFaulty>>;

async function bootFaulty() {
  const receiver = await startReceiver();
  const ledger = await bootOnNetwork({ main: ENTRY, env: { ALERT_URL: receiver.url, SYNC_SECRET } });
  return { ...ledger, receiver };
}

const LEDGERS_AT_ONCE = 3;
let ledgers: FaultyLedger[] = [];
beforeAll(async () => {
  ledgers = await pMap(Array.from({ length: LEDGERS_AT_ONCE }), bootFaulty, { concurrency: 1 });
});
afterAll(async () => {
  for (const { close, receiver } of ledgers) {
    await close();
    await receiver.close();
  }
});

const typeOf = ({ text }: ReceivedRequest) => z.object({ type: z.string() }).parse(JSON.parse(text)).type;
const idOf = ({ headers }: ReceivedRequest) => String(headers["webhook-id"]);

/** Runs an alert from its beginning to its end with faults in one minute of it. Returns what the receiver heard. */
async function playAlert({ url, ARCHIVE, DB, receiver }: FaultyLedger, faults: Faults, minute: number) {
  receiver.reset();
  const began = Date.now();
  await post(url, "[]");
  for (let nth = 0; nth < 20; nth++) {
    if (nth === moments["is over"]) {
      const { objects } = await ARCHIVE.list({ prefix: "quarantine/" });
      await ARCHIVE.delete(objects.map(({ key }) => key));
    }
    await setFaults(url, nth === minute ? faults : {});
    await runCron(url, new Date(began + nth * 60_000));
  }
  const { results } = await DB.prepare("SELECT * FROM ledger_alerts").all();
  const ids = receiver.requests.map(idOf);
  return {
    rows: results.length,
    types: receiver.requests.map(typeOf).filter((type, nth, all) => type !== all[nth - 1]),
    ids: new Set(ids).size,
    most: Math.max(...ids.map((id) => ids.filter((other) => other === id).length)),
  };
}

test("whatever fails in a minute of an alert's life, its beginning and its end arrive in their order, twice at the most under one id", async () => {
  const cases = Object.entries(moments).flatMap(([moment, minute]) =>
    faultsOfOneMinute.map((faults) => ({ moment, minute, faults })),
  );
  const free = [...ledgers];
  await pMap(
    cases,
    async ({ moment, minute, faults }) => {
      const ledger = free.pop() ?? expect.unreachable();
      const { most, ...heard } = await playAlert(ledger, faults, minute);
      const about = `${JSON.stringify(faults)} when it ${moment}`;
      expect(heard, about).toEqual({ rows: 0, types: ["alert.opened", "alert.closed"], ids: 2 });
      expect(most, about).toBeLessThanOrEqual(2);
      free.push(ledger);
    },
    { concurrency: LEDGERS_AT_ONCE },
  );
});

let killed: LocalLedger | undefined;
afterEach(() => killed?.stop());

test("an alert arrives again under its id, and then no more, when the runtime is killed before it is recorded", async () => {
  const receiver = await startReceiver();
  const start = (keep: boolean) =>
    startLocalLedger({
      state: ".wrangler/killed-alert",
      keep,
      entry: ENTRY,
      variables: {
        ATOMS_WEBHOOK_SECRETS: SECRET,
        API_TOKEN: "token-of-the-tests",
        ALERT_URL: receiver.url,
        SYNC_SECRET,
      },
      signal: AbortSignal.timeout(250_000),
    });
  killed = await start(false);
  const { url, kill } = killed;
  const began = Date.now();
  const minute = (nth: number) => new Date(began + nth * 60_000);
  await post(url, "[]");
  for (let nth = 0; nth < moments.opens; nth++) await runCron(url, minute(nth));
  expect(receiver.requests).toEqual([]);
  await setFaults(url, { D1: { works: 0, of: "batch", about: "receiver", afterwards: "hang" } });
  const { faults } = await readUsage(url);
  const ended = runCron(url, minute(moments.opens)).catch(() => "killed");
  const isHanging = async () => expect((await readUsage(url)).faults).toBeGreaterThan(faults);
  await vi.waitFor(isHanging, { timeout: 60_000, interval: 20 });
  await kill();
  expect(await ended).toBe("killed");
  expect(receiver.requests.map(typeOf)).toEqual(["alert.opened"]);

  killed = await start(true);
  for (let nth = 1; nth <= 4; nth++) await runCron(killed.url, minute(moments.opens + nth));
  expect(receiver.requests.map(typeOf)).toEqual(["alert.opened", "alert.opened"]);
  expect(new Set(receiver.requests.map(idOf)).size).toBe(1);
  await receiver.close();
});
