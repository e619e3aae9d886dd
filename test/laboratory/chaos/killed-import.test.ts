import { afterEach, expect, test, vi } from "vitest";
import * as z from "zod";
import { callIdOf, endedCall, startAtomsConversations } from "../../platform-apis/atoms-conversations.ts";
import { ask, askText } from "../../support/ask.ts";
import { SECRET } from "../../support/ledger.ts";
import { runCron } from "../../support/stores/relay.ts";
import { type LocalLedger, startLocalLedger } from "../simulator/local-ledger.ts";

const CALLS = 60;

let ledger: LocalLedger | undefined;
afterEach(() => ledger?.stop());

const started = z.object({ job: z.string() });

test("an import goes on and ends the same when the runtime is killed in the middle of it", async () => {
  const atoms = await startAtomsConversations();
  const variables = {
    ATOMS_WEBHOOK_SECRETS: SECRET,
    API_TOKEN: "token-of-the-tests",
    ATOMS_API_KEY: "sk_atoms",
    ATOMS_API_BASE: atoms.url,
  };
  const start = (keep: boolean) =>
    startLocalLedger({
      state: ".wrangler/killed-import",
      keep,
      entry: "test/support/fetching-ledger.ts",
      variables,
      signal: AbortSignal.timeout(200_000),
    });
  const ids = Array.from({ length: CALLS }, (_, index) => callIdOf(24 * 60 + index)).sort();
  for (const id of ids) atoms.put(endedCall(id));
  ledger = await start(false);
  const from = new Date(Number(ids[0]?.slice(5, 18))).toISOString().slice(0, 10);
  const body = JSON.stringify({ platform: "atoms", from });
  const { job } = started.parse((await ask(ledger.url, "/api/imports", { method: "POST", body })).body);
  const half = () => expect(atoms.countOf(/GET \/conversation\/CALL/)).toBeGreaterThan(CALLS / 2);
  await vi.waitFor(half, { timeout: 60_000, interval: 5 });
  await ledger.kill();

  ledger = await start(true);
  const { url } = ledger;
  expect((await ask(url, `/api/jobs/${job}`)).body).toMatchObject({ status: "running" });
  await runCron(url, new Date(Date.now() + 11 * 60_000));
  await vi.waitFor(
    async () => expect((await ask(url, `/api/jobs/${job}`)).body).toMatchObject({ status: "complete" }),
    { timeout: 60_000, interval: 100 },
  );
  const { text } = await askText(url, "/api/calls.csv?status=analyzed");
  expect(Array.from(text.matchAll(/CALL-\d{13}-[0-9a-f]{6}(?=,)/g), ([id]) => id).sort()).toEqual(
    expect.arrayContaining(ids),
  );
  for (const id of ids) {
    const [call, transcript] = [await ask(url, `/api/calls/${id}`), await ask(url, `/api/calls/${id}/transcript`)];
    expect(call.body).toMatchObject({ events: [{}, {}, {}], call: { transcript_turns: 2 } });
    expect(transcript.body).toMatchObject({ turns: [{}, {}] });
  }
  // What was done before is not asked for again, but for the calls that were under way.
  expect(atoms.countOf(/GET \/conversation\/CALL/)).toBeLessThan(CALLS + 5);
  await atoms.close();
});
