import { expect, vi } from "vitest";
import * as z from "zod";
import { ask } from "./ask.ts";
import { bootOnNetwork } from "./network-ledger.ts";
import { runCron } from "./stores/relay.ts";

const jobRow = z.object({ job: z.string() });
const jobView = z.object({ status: z.string(), output: z.looseObject({ reason: z.string().nullable() }) });

/** A ledger that fetches from a stand-in of a platform, at a pace that a test can wait for. */
export async function bootFetching(platform: string, env: Record<string, string>) {
  const lines: string[] = [];
  const ledger = await bootOnNetwork({
    main: "test/support/fetching-ledger.ts",
    env,
    onLog: (line) => lines.push(line),
  });
  /** Returns a job once it is over. */
  const over = (job: string) =>
    vi.waitFor(
      async () => {
        const view = jobView.parse((await ask(ledger.url, `/api/jobs/${job}`)).body);
        expect(view.status).not.toBe("running");
        return view;
      },
      { timeout: 25_000, interval: 30 },
    );
  return {
    url: ledger.url,
    close: ledger.close,
    DB: ledger.DB,
    over,
    /** Runs the cron of a quarter of an hour, and waits for the end of the run. */
    async runs() {
      await runCron(ledger.url, new Date(), undefined, "*/15 * * * *");
      const statement = ledger.DB.prepare("SELECT job FROM ledger_fetches WHERE platform = ?").bind(platform);
      return over(jobRow.parse(await statement.first()).job);
    },
    /** Imports a span of days, the last one included. */
    async imports(from: string, to: string) {
      const body = JSON.stringify({ platform, from, to });
      return over(jobRow.parse((await ask(ledger.url, "/api/imports", { method: "POST", body })).body).job);
    },
    eventsOf: async (callId: string) =>
      (
        await ledger.DB.prepare("SELECT event, format FROM events WHERE call_id = ? ORDER BY rowid")
          .bind(callId)
          .all<{ event: string; format: string }>()
      ).results.map(({ event, format }) => `${event} ${format}`),
    callOf: (callId: string) =>
      ledger.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(callId).first<Record<string, unknown>>(),
    /** Everything that the stores and the log have. */
    async everything(): Promise<string> {
      const stored = [...lines];
      for (const { key } of (await ledger.ARCHIVE.list()).objects) {
        stored.push((await (await ledger.ARCHIVE.get(key))?.text()) ?? "");
      }
      for (const table of ["events", "calls", "ledger_jobs", "ledger_fetches"]) {
        stored.push(JSON.stringify((await ledger.DB.prepare(`SELECT * FROM ${table}`).all()).results));
      }
      return stored.join("\n");
    },
    async reset() {
      lines.length = 0;
      const tables = ["calls", "ledger_jobs", "ledger_fetches", "ledger_erased_calls"];
      await ledger.DB.batch(tables.map((table) => ledger.DB.prepare(`DELETE FROM ${table}`)));
      for (const { key } of (await ledger.ARCHIVE.list()).objects) await ledger.ARCHIVE.delete(key);
    },
  };
}
