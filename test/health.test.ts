import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentedCall } from "./support/events.ts";
import { bootLedger } from "./support/ledger.ts";
import { post, readAnswer } from "./support/post.ts";

const health = async (url: string) => readAnswer(await fetch(new URL("/healthz", url)));

test("a ledger that can take events says so", async () => {
  const ledger = await bootLedger();
  expect(await health(ledger.url)).toMatchObject({ status: 200, body: { status: "ok" } });
  expect((await fetch(new URL("/healthz", ledger.url), { method: "HEAD" })).status).toBe(200);
  const other = await readAnswer(await fetch(new URL("/healthz", ledger.url), { method: "DELETE" }));
  expect(other.status).toBe(405);
  expect(other.headers.get("Allow")).toBe("GET, HEAD");

  await ledger.DB.exec("DROP TABLE parked_bodies");
  expect(await health(ledger.url)).toMatchObject({ status: 503, body: { errors: [{ path: "DB" }] } });
  await ledger.harness.close();
});

describe("without its secrets", () => {
  let ledger: Awaited<ReturnType<typeof bootLedger>>;
  beforeAll(async () => {
    const env = {
      WEBHOOK_SECRETS: " , ",
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
    const paths = ["WEBHOOK_SECRETS", "API_TOKEN", "MAX_BODY_BYTES", "SYNC_URL", "SYNC_SECRET"];
    expect(answer.body).toMatchObject({ errors: paths.map((path) => ({ path })) });
    expect(JSON.stringify(answer.body)).not.toContain("hush");
  });
});
