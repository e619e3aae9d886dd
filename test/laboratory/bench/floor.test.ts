import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bundle, bundle } from "../../support/bundle.ts";
import { callEnds } from "./bodies.ts";
import { type OpenWorker, openWorker, startRuntime } from "./boot.ts";
import { openSender, sendAll } from "./load.ts";

const workers = "test/laboratory/bench/workers";
const BODY_BYTES = 11_000;

let folder: string;
let ledger: Bundle;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "call-ledger-floor-"));
  ledger = await bundle("ledger", "test/support/stores/intake-only.ts", folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const tables = ["calls", "events", "ledger_caller_numbers", "sync_deliveries"];

/** What the stores of a Worker have of one `call.end`: the sizes in bytes. */
async function sizesOf({ database, bucket }: OpenWorker) {
  const rows: Record<string, object[]> = {};
  for (const table of tables) {
    rows[table] = (await database.prepare(`SELECT * FROM ${table}`).all()).results.map(sizes);
  }
  const { objects } = await bucket.list({ include: ["httpMetadata", "customMetadata"] });
  return {
    rows,
    objects: objects.map(({ key, size, httpMetadata = {}, customMetadata = {} }) => ({
      size,
      ...sizes({ key, ...httpMetadata, ...customMetadata }),
    })),
  };
}

/** A column that one of two Workers leaves empty is a difference. */
function sizes(row: Record<string, unknown>): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value === null ? null : Buffer.byteLength(String(value))]),
  );
}

/** Numbers that are within five of these. */
function about(expected: unknown): unknown {
  if (typeof expected === "number") return expect.closeTo(expected, -1);
  if (Array.isArray(expected)) return expected.map(about);
  if (typeof expected !== "object" || expected === null) return expected;
  return Object.fromEntries(Object.entries(expected).map(([key, value]) => [key, about(value)]));
}

/** Every word of the index, with where it stands. */
async function wordsOf({ database }: OpenWorker): Promise<unknown[]> {
  await database.prepare("CREATE VIRTUAL TABLE vocabulary USING fts5vocab (ledger_search_index, instance)").run();
  return (await database.prepare("SELECT term, doc, offset FROM vocabulary ORDER BY offset").all()).results;
}

describe.each([
  { floor: "store-only", words: "off" },
  { floor: "store-words", words: "on" },
])("$floor beside the ledger with words $words", ({ floor, words }) => {
  let runtime: Awaited<ReturnType<typeof startRuntime>>;
  let real: OpenWorker;
  let least: OpenWorker;
  beforeAll(async () => {
    const beside = await bundle(floor, `${workers}/${floor}.ts`, folder, { hasEraseJob: false });
    const searching = { ...ledger, settings: { SEARCH_TRANSCRIPTS: words } };
    runtime = await startRuntime([searching, beside], new URL("http://127.0.0.1/"));
    real = await openWorker(runtime, searching);
    least = await openWorker(runtime, beside);
    const events = callEnds(1, BODY_BYTES);
    for (const { webhook } of [real, least]) {
      const sender = openSender(webhook, 1);
      await sendAll(sender, events, 1);
      sender.close();
    }
  });
  afterAll(() => runtime?.dispose());

  test("keeps as many rows and objects, with columns, keys and metadata as large", async () => {
    expect(await sizesOf(least)).toEqual(about(await sizesOf(real)));
  });

  test("makes the same words findable", async () => {
    expect(await wordsOf(least)).toEqual(await wordsOf(real));
  });
});
