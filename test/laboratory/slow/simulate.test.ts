import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { documentedCall } from "../../support/events.ts";
import { everyPlatform } from "../../support/every-platform.ts";
import { bootLedger } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import { platformNames } from "../simulator/platforms/platform.ts";

let ledger: Awaited<ReturnType<typeof bootLedger>>;
beforeAll(async () => {
  ledger = await bootLedger({ env: everyPlatform });
});
afterAll(() => ledger.harness.close());

const run = (...parameters: string[]) =>
  promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, "../simulator/simulate.ts"), "--url", ledger.url, ...parameters],
    {
      env: {
        ...process.env,
        ...everyPlatform,
        // Any of several will do.
        VAPI_WEBHOOK_SECRETS: `${everyPlatform["VAPI_WEBHOOK_SECRETS"]}, another`,
        LEDGER_TOKEN: "token-of-the-tests",
      },
    },
  );

const callIds = async () =>
  (await ledger.DB.prepare("SELECT call_id FROM calls").all<{ call_id: string }>()).results.map(
    ({ call_id }) => call_id,
  );
/** Of the simulated calls. */
const platformsOf = async () =>
  (
    await ledger.DB.prepare("SELECT DISTINCT platform FROM calls WHERE call_id <> 'real' ORDER BY platform").all<{
      platform: string;
    }>()
  ).results.map(({ platform }) => platform);
const keys = async () => (await ledger.ARCHIVE.list()).objects.map(({ key }) => key);

test("a played day is of the last 24 hours, and --remove takes all of it out again, and nothing else", async () => {
  await post(ledger.url, documentedCall({ call_id: "real" }).start({ caller_phone: "+15551234567" }));
  await post(ledger.url, documentedCall({ call_id: "real" }).end());
  await post(ledger.url, { event: "nobody.knows", caller_phone: "+15551234567" });
  const [callsBefore, keysBefore] = [await callIds(), await keys()];

  const { stdout } = await run("--calls", "30", "--seed", "3");
  expect(stdout).toMatch(
    /The same events again: --seed 3 --calls 30 --end \d{4}-\d\d-\d\dT\d\d:00:00\.000Z --platform \S+\n/,
  );
  for (const name of platformNames) expect(stdout).toMatch(new RegExp(`${name}: requests answered rightly .* yes`));
  expect(await callIds()).toHaveLength(31);
  expect(await platformsOf()).toEqual(["atoms", "custom", "elevenlabs", "retell", "vapi"]);
  const dayBefore = new Date(Date.now() - 24 * 60 * 60 * 1000).toISOString();
  const old = await ledger.DB.prepare("SELECT call_id FROM calls WHERE called_at < ?").bind(dayBefore).all();
  expect(old.results).toEqual([{ call_id: "real" }]);
  expect((await keys()).length).toBeGreaterThan(keysBefore.length);

  expect((await run("--remove")).stdout).toMatch(/^erased: calls 30, events \d\d, /m);
  expect(await callIds()).toEqual(callsBefore);
  expect(await keys()).toEqual(keysBefore);
});

test("the platforms that are named are played, and no others", async () => {
  const { stdout } = await run("--calls", "6", "--seed", "4", "--platform", "retell,custom");
  expect(stdout).toContain("--platform retell,custom\n");
  expect(await platformsOf()).toEqual(["custom", "retell"]);
  await expect(run("--platform", "acme")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--platform takes some of atoms, retell, vapi, elevenlabs, custom, not "acme".'),
  });
});

test("a wrong secret is named before hundreds of events fail", async () => {
  const wrong = { env: { ...process.env, ...everyPlatform, RETELL_WEBHOOK_SECRETS: "wrong" } };
  const parameters = [join(import.meta.dirname, "../simulator/simulate.ts"), "--url", ledger.url, "--calls", "20"];
  await expect(promisify(execFile)(process.execPath, parameters, wrong)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("it has another secret. RETELL_WEBHOOK_SECRETS sets it."),
  });
});
