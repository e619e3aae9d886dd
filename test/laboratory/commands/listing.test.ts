import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { SYNC_SECRET, startDownstream } from "../../support/downstream.ts";
import { documentedCall } from "../../support/events.ts";
import { bootLedger } from "../../support/ledger.ts";
import { post } from "../../support/post.ts";
import { runCommandAt } from "../../support/run-command.ts";

const CALLS = ["call-1", "call-2", "call-3"];

let downstream: Awaited<ReturnType<typeof startDownstream>>;
let ledger: Awaited<ReturnType<typeof bootLedger>>;
let isDown = true;
const failed = async () =>
  (await ledger.DB.prepare("SELECT call_id FROM sync_deliveries WHERE state = 'failed'").all()).results;
beforeAll(async () => {
  downstream = await startDownstream();
  ledger = await bootLedger({ env: { SYNC_URL: downstream.url, SYNC_SECRET } });
  for (const call_id of CALLS) {
    downstream.behave(call_id, (response) => response.writeHead(isDown ? 404 : 200).end());
    await post(ledger.url, documentedCall({ call_id }).analytics());
  }
  await vi.waitFor(async () => expect(await failed()).toHaveLength(3), { timeout: 60_000 });
});
afterAll(async () => {
  await ledger.harness.close();
  await downstream.close();
});

const run = (name: string, ...parameters: string[]) => runCommandAt(ledger.url, name, parameters);
const idsIn = (text: string) => text.match(/call-\d/g);

test("npm run deliveries shows the newest as a table, so many as are wanted, and says that there are more", async () => {
  const all = await run("deliveries");
  expect(idsIn(all.stdout)).toEqual([...CALLS].reverse());
  expect(all.stdout).toContain("HTTP 404");
  expect(all.stderr).toBe("");
  const some = await run("deliveries", "--limit", "2", "--state", "failed");
  expect(idsIn(some.stdout)).toEqual(["call-3", "call-2"]);
  expect(some.stderr).toBe("These are the newest 2: --limit shows more, --json all.\n");
  await expect(run("deliveries", "--limit", "none")).rejects.toMatchObject({ code: 2 });
});

test("--json has all of them whole, a line each", async () => {
  const { stdout } = await run("deliveries", "--json");
  const lines = stdout.trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).call_id)).toEqual([...CALLS].reverse());
});

test("what a sender wrote does not steer the terminal, nor burst the table", async () => {
  await post(ledger.url, { ...documentedCall({ call_id: "unfit" }).start(), event: `\u001b[2J\nx${"y".repeat(500)}` });
  const { stdout } = await run("quarantine");
  expect(stdout).toContain("unrecognised");
  expect(stdout).not.toContain("\u001b");
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThan(150);
});

test("npm run retry says how many it will send and asks; where nobody can answer, it sends only with --yes", async () => {
  isDown = false;
  await expect(run("retry")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^3 deliveries have failed\.\n\nNothing is sent: there is no terminal to ask at/),
  });
  expect(await failed()).toHaveLength(3);
  expect(await run("retry", "--yes")).toEqual({ stdout: "3 sent again\n", stderr: "3 deliveries have failed.\n" });
  await vi.waitFor(() => expect(downstream.deliveries).toHaveLength(6), { timeout: 60_000 });
  expect((await run("retry")).stdout).toBe("0 sent again\n");
});
