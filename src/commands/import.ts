import { setTimeout } from "node:timers/promises";
import * as z from "zod";
import { type Ask, LedgerError } from "./ask-ledger.ts";
import { UsageError } from "./command.ts";
import { runLedgerCommand } from "./ledger-command.ts";

const started = z.object({ job: z.string() });

const importState = z.object({
  status: z.enum(["running", "complete", "errored", "stopped"]),
  output: z.object({
    list: z.string().nullable(),
    requests: z.number(),
    seen: z.number(),
    fetched: z.number(),
    refused: z.number(),
    failed: z.number(),
    reason: z.string().nullable(),
  }),
});
type ImportState = z.infer<typeof importState>;

const POLL_MS = 2_000;

await runLedgerCommand({
  name: "import",
  about: `Fetches the calls of a platform that the ledger lacks, from before it or from any other days, at the platform's pace: two \
requests a second. What is there already is left as it is. Safe to repeat.`,
  options: [
    { name: "platform", value: "<name>", help: "whose API is asked; its key is a secret of the ledger" },
    { name: "from", value: "<time>", help: "calls from then on: a UTC day, or a moment" },
    { name: "to", value: "<time>", help: "calls before then, or until the end of a UTC day (now)" },
    { name: "deliver", help: "send the calls downstream, as if they had come by webhook" },
    { name: "stop", value: "<job>", help: "stop the job that imports" },
  ],
  notes: `The ledger imports by itself: after Ctrl+C it goes on, and the same command shows how far it is.`,
  async run(ask, given, signal) {
    const stopped = given.text("stop");
    if (stopped !== undefined) {
      console.log(textOf(importState.parse(await ask("POST", `/api/jobs/${encodeURIComponent(stopped)}/stop`))));
      return true;
    }
    const [platform, from, to] = [given.text("platform"), given.text("from"), given.text("to")];
    if (platform === undefined || from === undefined) throw new UsageError("Say --platform <name> and --from <time>.");
    const { job } = started.parse(
      await ask("POST", "/api/imports", { platform, from, to, deliver: given.isOn("deliver") }),
    );
    console.error(`The ledger imports by itself, as the job ${job}. To stop it: npm run import -- --stop ${job}`);
    console.log(await follow(ask, job, signal));
    return true;
  },
});

/** Shows how far a job is until its end. */
async function follow(ask: Ask, job: string, signal: AbortSignal): Promise<string> {
  for (let shown = ""; ; ) {
    const state = importState.parse(await ask("GET", `/api/jobs/${job}`));
    const text = textOf(state);
    if (state.status === "complete") return text;
    if (state.status === "stopped") throw new LedgerError(text);
    if (state.status === "errored") {
      throw new LedgerError(`${text}\nUnless the key was refused, the ledger goes on in a quarter of an hour.`);
    }
    if (text !== shown) console.error(text);
    shown = text;
    await setTimeout(POLL_MS, undefined, { signal });
  }
}

/** `2026-01-05: 120 calls seen, 3 fetched, in 5 requests` */
function textOf({ status, output: { list, requests, seen, fetched, refused, failed, reason } }: ImportState): string {
  const more = [
    ...(refused > 0 ? [`${refused} erased or of another platform`] : []),
    ...(failed > 0 ? [`${failed} that could not be had`] : []),
  ];
  const counts = [`${seen} calls seen`, `${fetched} fetched`, ...more].join(", ");
  return `${status === "running" ? (list ?? status) : status}: ${counts}, in ${requests} requests${reason === null ? "" : ` (${reason})`}`;
}
