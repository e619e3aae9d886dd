import { createHash } from "node:crypto";
import { findPlatform } from "../../src/platforms/index.ts";
import { bodyDigest } from "./body-digest.ts";
import { everyPlatform, type PlatformName, postAs } from "./every-platform.ts";
import { bootLedger } from "./ledger.ts";
import type { Faults } from "./stores/faults.ts";
import { faultyHeaders } from "./stores/faults.ts";

/** A ledger on which every platform is on, on stores that fail as a request says, with what its tests send and read. */
export async function bootEveryPlatform(env: Record<string, string> = {}) {
  const ledger = await bootLedger({ main: "test/support/stores/faulty-ledger.ts", env: { ...everyPlatform, ...env } });
  const { DB, ARCHIVE, url, worker } = ledger;
  const rowsOf = async (sql: string, call_id: string) =>
    (await DB.prepare(sql).bind(call_id).all<Record<string, unknown>>()).results;
  /** Every object below a prefix: key without the prefix, to text. */
  const objectsBelow = async (prefix: string): Promise<Record<string, string>> => {
    const { objects } = await ARCHIVE.list({ prefix });
    const entries = objects.map(
      async ({ key }) => [key.slice(prefix.length), (await (await ARCHIVE.get(key))?.text()) ?? ""] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  };
  return {
    ...ledger,
    send: (platform: PlatformName, payload: unknown, faults?: Faults) =>
      postAs(platform, url, payload, faults && faultyHeaders(faults)),
    runCron: () => worker.scheduled({ cron: "* * * * *", scheduledTime: new Date(Date.now() + 6 * 60_000) }),
    rowOf: async (call_id: string) => (await rowsOf("SELECT * FROM calls WHERE call_id = ?", call_id))[0],
    eventsOf: (call_id: string) =>
      rowsOf("SELECT * FROM events WHERE call_id = ? ORDER BY occurred_at, event DESC", call_id),
    deliveriesOf: (call_id: string) => rowsOf("SELECT event, event_id FROM sync_deliveries WHERE call_id = ?", call_id),
    objectsBelow,
    objectsOf: (call_id: string) => objectsBelow(`calls/${encodeURIComponent(call_id)}/`),
    /** The metadata of a body in quarantine, and its text. */
    quarantined: async (platform: PlatformName, body: string) => {
      const day = new Date().toISOString().slice(0, 10).replaceAll("-", "/");
      const object = await ARCHIVE.get(`quarantine/${day}/${digestOf(platform, body)}.json`);
      return object === null ? null : { ...object.customMetadata, text: await object.text() };
    },
    /** How many rows the ledger has, and every key of R2. */
    inventory: async () => {
      const counts = ["calls", "events", "sync_deliveries"].map((table) =>
        DB.prepare(`SELECT count(*) AS count FROM ${table}`).first("count"),
      );
      return [await Promise.all(counts), (await ARCHIVE.list()).objects.map(({ key }) => key)];
    },
  };
}

export type EveryPlatformLedger = Awaited<ReturnType<typeof bootEveryPlatform>>;

/** What identifies a body that has no id of its own and no secret in it. */
export function digestOf(platform: PlatformName, body: string): string {
  const identity = findPlatform(platform)?.identity;
  return identity === undefined ? sha256(body) : bodyDigest(body, (parsed) => identity(Object(parsed)));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
