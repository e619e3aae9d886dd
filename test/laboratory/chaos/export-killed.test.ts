import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { documentedCall } from "../../support/events.ts";
import { queryExports, readExports, runHourly } from "../../support/exports.ts";
import { SECRET } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import type { Faults } from "../../support/stores/faults.ts";
import { readUsage } from "../../support/stores/limited.ts";
import { setFaults } from "../../support/stores/relay.ts";
import { type LocalLedger, startLocalLedger } from "../simulator/local-ledger.ts";
import { inspector } from "./inspector.ts";

let ledger: LocalLedger | undefined;
afterEach(() => ledger?.stop());

/** What the export is doing when the power goes: the store hangs from then on. */
const moments: [name: string, hanging: Faults][] = [
  ["the second file is to be written", { R2: { works: 1, of: "put", about: "export/", afterwards: "hang" } }],
  ["the manifest is there and the old files are to go", { R2: { works: 0, of: "delete", afterwards: "hang" } }],
];

test.each(moments)(
  "a day is whole, with each call once, when the runtime is killed while %s",
  async (_moment, hanging) => {
    const start = (keep: boolean) =>
      startLocalLedger({
        state: ".wrangler/export-killed",
        keep,
        entry: "test/support/stores/faulty-ledger.ts",
        variables: { ATOMS_WEBHOOK_SECRETS: SECRET, API_TOKEN: "token-of-the-tests", EXPORT_PARQUET: "on" },
        signal: AbortSignal.timeout(250_000),
      });
    ledger = await start(false);
    const { url, kill } = ledger;
    const callIds = () => queryExports(ledger?.url ?? "", "SELECT call_id FROM calls ORDER BY call_id");
    const untilThere = (...ids: string[]) =>
      vi.waitFor(async () => expect(await callIds()).toEqual(ids.map((call_id) => ({ call_id }))), {
        timeout: 60_000,
        interval: 100,
      });
    await post(url, documentedCall({ call_id: "call-1" }).end());
    await runHourly(url);
    await untilThere("call-1");

    await post(url, documentedCall({ call_id: "call-2" }).end());
    await setFaults(url, hanging);
    const { faults } = await readUsage(url);
    await runHourly(url);
    const isHanging = async () => expect((await readUsage(url)).faults).toBeGreaterThan(faults);
    await vi.waitFor(isHanging, { timeout: 60_000, interval: 20 });
    await wait(200);
    await kill();

    ledger = await start(true);
    const stores = inspector(() => ledger?.url ?? "");
    // A reader finds a whole day, the old one or the new one.
    expect(["call-1", "call-1,call-2"]).toContain((await callIds()).map(({ call_id }) => call_id).join());
    // Ten minutes pass without a step.
    await stores.query("UPDATE ledger_export_days SET updated_at = '2024-07-15' RETURNING day");
    await runHourly(ledger.url);
    await vi.waitFor(
      async () =>
        expect(await stores.query("SELECT day FROM ledger_export_days WHERE export_id IS NOT NULL")).toEqual([]),
      { timeout: 60_000, interval: 50 },
    );
    await untilThere("call-1", "call-2");
    const named = (await readExports(ledger.url)).flatMap(({ files }) => files.map(({ key }) => key));
    const there = (await stores.objects("export/")).map(({ key }) => key).filter((key) => key.endsWith(".parquet"));
    expect(there.sort()).toEqual(named.sort());
  },
);
