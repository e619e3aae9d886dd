import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as z from "zod";
import { type Ask, askLedger, LedgerError } from "./ask-ledger.ts";

const usage = `npm run <command> -- --url <where the ledger is> --token <API_TOKEN>

  parked       bodies that wait for a store to come back
  quarantine   signed bodies that did not fit, with the reason
  replay       replay the quarantine                   --key <one body of it>
  deliveries   deliveries downstream                  --state pending | delivered | failed
  retry        send failed deliveries again           --event <id>  --destination <name>
  reindex      index the words of calls that came while SEARCH_TRANSCRIPTS was off
  erase        erase what is kept of a call           --call <id>
               or of all calls with a caller          --phone <number>

LEDGER_URL and LEDGER_TOKEN stand in for --url and --token.`;

interface Choices {
  key?: string | undefined;
  state?: string | undefined;
  event?: string | undefined;
  destination?: string | undefined;
  call?: string | undefined;
  phone?: string | undefined;
}

/** The commands for a running ledger: each is one operation of its API. */
const commands: Record<string, (ask: Ask, choices: Choices) => Promise<void>> = {
  parked: (ask) => printPages(ask, "/api/parked?limit=1000", "parked"),
  quarantine: (ask) => printPages(ask, "/api/quarantine?limit=1000", "quarantine"),
  replay,
  deliveries: (ask, { state }) =>
    printPages(
      ask,
      `/api/deliveries?limit=200${state === undefined ? "" : `&state=${encodeURIComponent(state)}`}`,
      "deliveries",
    ),
  retry,
  reindex,
  erase,
};

async function main(given: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: given,
      allowPositionals: true,
      options: {
        url: { type: "string", default: process.env["LEDGER_URL"] ?? "" },
        token: { type: "string", default: process.env["LEDGER_TOKEN"] ?? "" },
        key: { type: "string" },
        state: { type: "string" },
        event: { type: "string" },
        destination: { type: "string" },
        call: { type: "string" },
        phone: { type: "string" },
        help: { type: "boolean" },
      },
    });
    const run = commands[positionals[0] ?? ""];
    if (values.help || run === undefined || values.url === "" || values.token === "") {
      console.log(usage);
      return values.help ? 0 : 1;
    }
    await run(askLedger(values.url, values.token), values);
    return 0;
  } catch (error) {
    if (!(error instanceof LedgerError || error instanceof TypeError)) throw error;
    console.error(error.message);
    return 1;
  }
}

/** Prints one JSON line an item, for people and for other programs; text for people alone goes to stderr. */
async function printPages(ask: Ask, path: string, name: string): Promise<void> {
  let empty = true;
  let cursor: string | null | undefined;
  do {
    const answer = await ask("GET", cursor ? `${path}&cursor=${encodeURIComponent(cursor)}` : path);
    const { [name]: items, unreachable } = answer;
    for (const item of Array.isArray(items) ? items : []) {
      console.log(JSON.stringify(item));
      empty = false;
    }
    if (Array.isArray(unreachable) && unreachable.length > 0) {
      console.error(`not reachable: ${unreachable.join(", ")}`);
      empty = false;
    }
    cursor = answer.next_cursor;
  } while (cursor);
  if (empty) console.error("none");
}

async function replay(ask: Ask, { key }: Choices): Promise<void> {
  let recovered = 0;
  let still = 0;
  let cursor: string | null | undefined;
  do {
    const answer = await ask("POST", "/api/quarantine/replay", { key, cursor: cursor ?? undefined });
    recovered += Number(answer["recovered"]);
    still += Number(answer["still_in_quarantine"]);
    cursor = answer.next_cursor;
  } while (cursor);
  console.log(`${recovered} recovered, ${still} still in quarantine`);
}

async function retry(ask: Ask, { event: event_id, destination }: Choices): Promise<void> {
  let retried = 0;
  let more: unknown;
  do {
    const answer = await ask("POST", "/api/deliveries/retry", { event_id, destination });
    retried += Number(answer["retried"]);
    more = answer["more"];
  } while (more === true);
  console.log(`${retried} sent again`);
}

async function reindex(ask: Ask): Promise<void> {
  let indexed = 0;
  let cursor: string | null | undefined;
  do {
    const answer = await ask("POST", "/api/transcripts/index", { cursor: cursor ?? undefined });
    indexed += Number(answer["indexed"]);
    cursor = answer.next_cursor;
  } while (cursor);
  console.log(`${indexed} transcripts can be searched`);
}

const jobState = z.object({
  status: z.enum(["running", "complete", "errored"]),
  output: z.record(z.string(), z.number()),
});

const POLL_MS = 500;

/** Starts the erasure and looks at its job until it has ended. */
async function erase(ask: Ask, { call, phone }: Choices): Promise<void> {
  if ((call === undefined) === (phone === undefined)) throw new LedgerError("Say --call <id> or --phone <number>.");
  const { job } = z
    .object({ job: z.string() })
    .parse(
      call === undefined
        ? await ask("POST", "/api/erasures", { caller_phone: phone })
        : await ask("DELETE", `/api/calls/${encodeURIComponent(call)}`),
    );
  for (;;) {
    const { status, output } = jobState.parse(await ask("GET", `/api/jobs/${job}`));
    const counts = Object.entries(output).map(([kind, count]) => `${kind} ${count}`);
    if (status === "complete") return console.log(`erased: ${counts.join(", ")}`);
    if (status === "errored") {
      throw new LedgerError(
        `The job ${job} failed; the ledger starts it again within ten minutes. Erased so far: ${counts.join(", ")}`,
      );
    }
    await setTimeout(POLL_MS);
  }
}

process.exitCode = await main(process.argv.slice(2));
