import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { SYNC_SECRET } from "../../support/downstream.ts";
import { SECRET } from "../../support/ledger.ts";
import type { Faults } from "../../support/stores/faults.ts";
import { readUsage } from "../../support/stores/limited.ts";
import { relayUntil, runCron, setFaults } from "../../support/stores/relay.ts";
import { type LocalLedger, startLocalLedger } from "../simulator/local-ledger.ts";
import { startReceiver } from "../simulator/receiver.ts";
import { openDoor } from "./door.ts";
import { inspector } from "./inspector.ts";
import { formatNames, makeCall } from "./make-call.ts";
import { isSoakRecovered, soakFindings } from "./soak-findings.ts";
import { type SoakBody, soakBody } from "./soak-plan.ts";

/** Three events each: five batches, of which the last two have the transcripts. */
const CALLS = 40;
const AT_A_TIME = 8;

let ledger: LocalLedger | undefined;
afterEach(() => ledger?.stop());

/** Sends the events of calls while D1 is down, so that all of them are parked. */
async function parkCalls(url: string): Promise<SoakBody[]> {
  const sendings = Array.from({ length: CALLS }, (_, index) => makeCall(formatNames[index % 2 === 0 ? 0 : 1])).flatMap(
    ({ events }) => events.map((event) => ({ body: event.body, of: soakBody(event, [event.body]) })),
  );
  await setFaults(url, { D1: "before" });
  const door = openDoor(url, { atoms: SECRET }, AT_A_TIME);
  await Promise.all(sendings.map(async ({ body, of }) => of.answers.push(await door.send(body))));
  door.close();
  await setFaults(url, {});
  return sendings.map(({ of }) => of);
}

/** What the run is doing when the power goes: the store hangs from then on. */
const moments: [name: string, hanging: Faults][] = [
  ["a parked batch is in D1 and half of it in the archive", { R2: { works: 10, of: "put", afterwards: "hang" } }],
  ["a parked batch is taken in and not yet removed", { R2: { works: 3, of: "delete", afterwards: "hang" } }],
];

test.each(moments)("nothing is lost or there twice when the runtime is killed while %s", async (_moment, hanging) => {
  const receiver = await startReceiver(SYNC_SECRET);
  const start = (keep: boolean) =>
    startLocalLedger({
      state: ".wrangler/killed",
      keep,
      entry: "test/support/stores/faulty-ledger.ts",
      variables: {
        ATOMS_WEBHOOK_SECRETS: SECRET,
        API_TOKEN: "token-of-the-tests",
        SYNC_URL: receiver.url,
        SYNC_SECRET,
      },
      signal: AbortSignal.timeout(250_000),
    });
  ledger = await start(false);
  const { url, kill } = ledger;
  const bodies = await parkCalls(url);
  await setFaults(url, hanging);
  const { faults } = await readUsage(url);
  const ended = runCron(url, new Date()).catch(() => "killed");
  const isHanging = async () => expect((await readUsage(url)).faults).toBeGreaterThan(faults);
  await vi.waitFor(isHanging, { timeout: 60_000, interval: 20 });
  // What the same run does with other stores, or beside it, comes as far as it can.
  await wait(500);
  await kill();
  expect(await ended).toBe("killed");

  ledger = await start(true);
  const { url: urlNow } = ledger;
  const stores = inspector(() => urlNow);
  await relayUntil(urlNow, () => isSoakRecovered(bodies, stores), { timeoutMilliseconds: 120_000 });
  const findings = await soakFindings(bodies, stores, receiver);
  expect(findings).toEqual(Object.fromEntries(Object.keys(findings).map((name) => [name, 0])));
  await receiver.close();
});
