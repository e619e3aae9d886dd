import { connect } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { SYNC_SECRET, startDownstream } from "./support/downstream.ts";
import { documentedCall } from "./support/events.ts";
import { bootLedger, SECRET } from "./support/ledger.ts";
import { bootOnNetwork } from "./support/network-ledger.ts";
import { post, readAnswer } from "./support/post.ts";
import { signedHeaders } from "./support/sign.ts";
import { COUNTS_PATH, counts } from "./support/stores/counts.ts";
import { FAULTS_HEADER, type Faults } from "./support/stores/faults.ts";
import { VAPI_SECRET } from "./support/vapi.ts";

// The Worker remembers what the stores answered for 15 s, so every state that is looked at is a ledger of its own.

const summary = z.object({
  status: z.literal("ok"),
  waiting: z.record(z.string(), z.object({ count: z.number(), oldest: z.string() })),
});

const health = async (url: string, faults: Faults = {}) =>
  readAnswer(await fetch(new URL("/healthz", url), { headers: { [FAULTS_HEADER]: JSON.stringify(faults) } }));

test("a ledger that can take events says so, and nothing piles up", async () => {
  const ledger = await bootLedger();
  expect(await health(ledger.url)).toMatchObject({ status: 200, body: { status: "ok" } });
  expect((await health(ledger.url)).body).toEqual({ status: "ok", database_bytes: expect.any(Number) });
  expect((await fetch(new URL("/healthz", ledger.url), { method: "HEAD" })).status).toBe(200);
  const other = await readAnswer(await fetch(new URL("/healthz", ledger.url), { method: "DELETE" }));
  expect(other.status).toBe(405);
  expect(other.headers.get("Allow")).toBe("GET, HEAD");
  await ledger.harness.close();
});

test("a database without its tables is named", async () => {
  const ledger = await bootLedger();
  await ledger.DB.exec("DROP TABLE sync_deliveries");
  expect(await health(ledger.url)).toMatchObject({
    status: 503,
    type: "application/problem+json",
    body: { errors: [{ path: "DB" }] },
  });
  await ledger.harness.close();
});

test.concurrent.each<[string, Faults, string[]]>([
  ["D1 fails", { D1: "before" }, ["DB"]],
  ["R2 fails", { R2: "before" }, ["ARCHIVE"]],
  ["D1 and R2 hang", { D1: "hang", R2: "hang" }, ["DB", "ARCHIVE"]],
  ["only the queue fails", { queue: "before" }, []],
])("while %s, each store that does not answer is named, and no more", async (_, faults, paths) => {
  const ledger = await bootLedger({ main: "test/support/stores/faulty-ledger.ts" });
  const answer = await health(ledger.url, faults);
  expect(answer.status).toBe(paths.length === 0 ? 200 : 503);
  if (paths.length > 0) expect(answer.body).toMatchObject({ errors: paths.map((path) => ({ path })) });
  expect(JSON.stringify(answer.body)).not.toMatch(/connection lost|internal error/i);
  await ledger.harness.close();
});

test("twenty looks at once, and ten in a row, ask each store once", async () => {
  const ledger = await bootLedger({ main: "test/support/stores/counting-ledger.ts" });
  const looks = await Promise.all(Array.from({ length: 20 }, () => health(ledger.url)));
  for (let look = 0; look < 10; look++) looks.push(await health(ledger.url));
  for (const { status, body } of looks) expect({ status, body }).toEqual({ status: 200, body: looks[0]?.body });
  const answer = await fetch(new URL(COUNTS_PATH, ledger.url));
  // R2 is listed three times: what is parked, why, and what is in quarantine.
  expect(counts.parse(await answer.json())).toMatchObject({ requests: 30, d1RoundTrips: 1, r2Writes: 3, r2Reads: 0 });
  await ledger.harness.close();
});

test.concurrent("whoever looks first and hangs up hurts nobody who looks at the same time", async () => {
  // Not behind the harness, which would go on in place of whoever hangs up.
  const ledger = await bootOnNetwork({ main: "test/support/stores/faulty-ledger.ts" });
  const { hostname, port, host } = new URL(ledger.url);
  const socket = connect({ host: hostname, port: Number(port) });
  const hangs: Faults = { D1: "hang" };
  socket.write(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\n${FAULTS_HEADER}: ${JSON.stringify(hangs)}\r\n\r\n`);
  await setTimeout(300);
  const others = Promise.all(Array.from({ length: 5 }, () => health(ledger.url)));
  await setTimeout(300);
  socket.resetAndDestroy();
  // D1 hangs for the first alone: the others have its answer.
  for (const answer of await others) expect(answer).toMatchObject({ status: 503, body: { errors: [{ path: "DB" }] } });
  await ledger.close();
});

test("what piles up is counted, with the age of the oldest", async () => {
  const downstream = await startDownstream();
  const ledger = await bootLedger({
    main: "test/support/stores/faulty-ledger.ts",
    env: { SYNC_URL: downstream.url, SYNC_SECRET },
    maxRetries: 0,
  });
  const postWith = (faults: Faults, payload: unknown) =>
    post(ledger.url, payload, { [FAULTS_HEADER]: JSON.stringify(faults) });
  const begun = new Date().toISOString();
  for (const disposition of ["once", "twice"]) {
    const end = documentedCall({ call_id: "parked" }).end({ disposition });
    expect((await postWith({ D1: "before" }, end)).body).toMatchObject({ status: "parked" });
  }
  await post(ledger.url, "[]");
  const failing = ["failed-1", "failed-2", "failed-3"];
  for (const call_id of failing) {
    downstream.behave(call_id, (response) => response.writeHead(404).end());
    await post(ledger.url, documentedCall({ call_id }).analytics());
  }
  // Their messages were never sent.
  await postWith({ queue: "before" }, documentedCall({ call_id: "overdue" }).analytics());
  await ledger.DB.prepare("UPDATE sync_deliveries SET overdue_at = ? WHERE call_id = 'overdue'").bind(begun).run();
  await vi.waitFor(
    async () =>
      expect(
        (await ledger.DB.prepare("SELECT call_id FROM sync_deliveries WHERE state = 'failed'").all()).results,
      ).toHaveLength(failing.length),
    { timeout: 100_000 },
  );

  const answer = await health(ledger.url);
  const now = new Date().toISOString();
  expect(answer.status).toBe(200);
  const { waiting } = summary.parse(answer.body);
  const pile = Object.fromEntries(Object.entries(waiting).map(([kind, { count }]) => [kind, count]));
  expect(pile).toEqual({ parked: 2, quarantined: 1, failed_deliveries: 3, overdue_deliveries: 1 });
  for (const [kind, { oldest }] of Object.entries(waiting)) {
    expect(oldest >= begun && oldest <= now, `${kind} since ${oldest}`).toBe(true);
  }
  await ledger.harness.close();
  await downstream.close();
});

describe("without its secrets", () => {
  let ledger: Awaited<ReturnType<typeof bootLedger>>;
  beforeAll(async () => {
    const env = {
      ATOMS_WEBHOOK_SECRETS: " , ",
      API_TOKEN: "",
      SYNC_URL: "ftp://hush",
      SYNC_SECRET: "hush",
      MAX_BODY_BYTES: "-1",
    };
    ledger = await bootLedger({ env });
  });
  afterAll(() => ledger.harness.close());

  test("it takes no event, and says when to come again", async () => {
    const answer = await post(ledger.url, documentedCall({ call_id: "early" }).start());
    expect(answer).toMatchObject({ status: 503, type: "application/problem+json" });
    expect(answer.headers.get("Retry-After")).toMatch(/^\d+$/);
  });

  test("its health names each setting that is missing or wrong, and no value", async () => {
    const answer = await health(ledger.url);
    expect(answer).toMatchObject({ status: 503, type: "application/problem+json" });
    // One platform would do, so all of them are named as one.
    const platforms = expect.stringContaining("ATOMS_WEBHOOK_SECRETS, RETELL_WEBHOOK_SECRETS");
    const paths = [platforms, "API_TOKEN", "MAX_BODY_BYTES", "SYNC_URL", "SYNC_SECRET"];
    expect(answer.body).toMatchObject({ errors: paths.map((path) => ({ path })) });
    expect(JSON.stringify(answer.body)).not.toContain("hush");
  });
});

test("a secret that anybody could guess is named, and turns nothing on", async () => {
  const env = {
    ATOMS_WEBHOOK_SECRETS: `${SECRET}, x`,
    RETELL_WEBHOOK_SECRETS: "1234567",
    VAPI_WEBHOOK_SECRETS: VAPI_SECRET,
  };
  const ledger = await bootLedger({ env });
  const answer = await health(ledger.url);
  expect(answer).toMatchObject({
    status: 503,
    body: {
      errors: [
        { path: "ATOMS_WEBHOOK_SECRETS", message: expect.stringContaining("shorter than 8 characters") },
        { path: "RETELL_WEBHOOK_SECRETS", message: expect.stringContaining("shorter than 8 characters") },
      ],
    },
  });
  expect(JSON.stringify(answer.body)).not.toContain("1234567");

  const signed = documentedCall({ call_id: "guessed" }).start();
  // A secret beside the one that is too short goes on working.
  expect(await post(ledger.url, signed)).toMatchObject({ status: 200 });
  expect(await post(ledger.url, signed, signedHeaders(JSON.stringify(signed), "x"))).toMatchObject({ status: 401 });
  const retell = await fetch(new URL("/webhooks/retell", ledger.url), { method: "POST", body: "{}" });
  expect(await readAnswer(retell)).toMatchObject({
    status: 503,
    body: { type: "urn:problem-type:call-ledger:not-configured" },
  });
  await ledger.harness.close();
});
