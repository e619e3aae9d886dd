import * as z from "zod";
import type { Bundle } from "../../support/bundle.ts";
import type { Signed } from "./bodies.ts";
import { openWorker, startRuntime } from "./boot.ts";
import { openSender } from "./load.ts";
import type { StoredBody } from "./stored-body.ts";

const tables = ["events", "calls", "ledger_caller_numbers", "sync_deliveries"];

/** Numbers itself in a call's row; a number has that of the call's row, which is the newest. */
const ROW_ID = "id";
/** D1 works it out. */
const GENERATED = "called_at";
const NEWEST_ROW = "(SELECT max(id) FROM calls)";

const row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

/** Has a Worker on stores of its own take one body, and reads what they then have of it. */
export async function readStored(bundle: Bundle, path: string, event: Signed, downstream: URL): Promise<StoredBody> {
  const runtime = await startRuntime([bundle], downstream);
  try {
    const { url, database, bucket } = await openWorker(runtime, bundle);
    const sender = openSender(new URL(path, url), 1);
    await sender.send(event);
    sender.close();
    const callId = await database.prepare("SELECT call_id FROM calls").first<string>("call_id");
    const rows: StoredBody["rows"] = [];
    for (const table of tables) {
      const { results } = await database.prepare(`SELECT * FROM ${table}`).all();
      for (const columns of results.map((result) => Object.entries(row.parse(result)))) {
        const set = columns.flatMap(([name, value]) =>
          value === null || name === ROW_ID || name === GENERATED ? [] : [[name, value] as const],
        );
        const ofCall = table === "ledger_caller_numbers" ? [[ROW_ID, NEWEST_ROW]] : [];
        const names = [...set.map(([name]) => name), ...ofCall.map(([name]) => name)].join(", ");
        const values = [...set.map(() => "?"), ...ofCall.map(([, value]) => value)].join(", ");
        const insert = `INSERT INTO ${table} (${names}) VALUES (${values})`;
        rows.push({ insert, values: set.map(([, value]) => value) });
      }
    }
    const { objects } = await bucket.list({ include: ["httpMetadata", "customMetadata"] });
    const [{ httpMetadata = {}, customMetadata = {} } = {}] = objects;
    return {
      callId: callId ?? "",
      rows,
      httpMetadata: { contentType: httpMetadata?.contentType ?? "" },
      customMetadata,
    };
  } finally {
    await runtime.dispose();
  }
}
