import type { Bundle } from "../../../support/bundle.ts";
import { median, quantile } from "../../../support/statistics.ts";
import type { Downstream } from "../downstream.ts";
import type { Report } from "../report.ts";
import { CROWD, NAMED } from "./crowd.ts";
import { crowded } from "./crowded.ts";
import { OUTAGE_EVENTS, outage } from "./outage.ts";

/** Runs of the cron, one a minute, after which an hour's outage is over: twelve of 3,000 bodies each, and some that end by the time they take. */
const MAX_RUNS = 15;

/** Milliseconds until 95 of 100 fresh events are answered meanwhile. */
const MAX_BESIDE = 200;

/** @param bundle of a ledger within the limits that Cloudflare gives an invocation: a run that meets one fails */
export async function reportOutage(report: Report, bundle: Bundle, downstream: Downstream): Promise<void> {
  report.section(
    "An hour's outage",
    `${OUTAGE_EVENTS} events of whole calls (call.end of 11 KB), parked in R2, come back with ten fresh events a second beside them. The cron is
run again as soon as it has ended; on Cloudflare a run a minute. Milliseconds until a fresh event is answered.`,
  );
  const { before, beside, runs, seconds, usage } = await outage(bundle, downstream.url);
  report.table(
    ["run of the cron", "events", "seconds", "events/s"],
    [
      ...runs.map((run, index) => ({ name: `${index + 1}`, ...run })),
      { name: "all", events: OUTAGE_EVENTS, seconds },
    ].map(({ name, events, seconds }) => [name, String(events), seconds.toFixed(1), (events / seconds).toFixed(0)]),
  );
  report.table(
    ["fresh events", "", "p50", "p95"],
    [
      ["before", String(before.length), median(before).toFixed(1), quantile(before, 0.95).toFixed(1)],
      ["beside", String(beside.length), median(beside).toFixed(1), quantile(beside, 0.95).toFixed(1)],
    ],
  );
  report.target(`${OUTAGE_EVENTS} events within ${MAX_RUNS} runs: ${runs.length}`, runs.length <= MAX_RUNS);
  const p95 = quantile(beside, 0.95);
  report.target(`fresh events beside them within ${MAX_BESIDE} ms: ${p95.toFixed(0)} (p95)`, p95 <= MAX_BESIDE);
  limitsTarget(report, usage);
}

/** Milliseconds of an answer about a crowd: a monitor and a person wait for it. */
const MAX_COUNTING = 10_000;
const MAX_PAGE = 1_000;

/** @param bundle as for {@link reportOutage} */
export async function reportCrowd(report: Report, bundle: Bundle, downstream: Downstream): Promise<void> {
  report.section(
    "A crowd of bodies",
    `${CROWD} small bodies are parked, and ${CROWD} are in quarantine; nine of ten are no event. A call that the ledger has, and ${2 * NAMED} of the bodies
name, is erased, and so is a caller whom as many name: their instance ends after some steps, and the cron goes on. The quarantine is replayed, a
hundred bodies a page; other pages have a thousand at the most. With metadata the local R2 lists a hundred at a time, Cloudflare's more.`,
  );
  const { counted, parked, quarantined, ofCall, ofCaller, left, replay, drain, usage } = await crowded(
    bundle,
    downstream.url,
  );
  const walked = (what: string, { bodies, pages }: typeof parked) => {
    const sum = pages.reduce((sum, page) => sum + page, 0);
    const times = [median(pages).toFixed(0), Math.max(...pages).toFixed(0)];
    return [`${what}, ${pages.length} pages`, String(bodies), (sum / 1000).toFixed(1), ...times];
  };
  const once = (what: string, bodies: number, seconds: number) => [what, String(bodies), seconds.toFixed(1), "", ""];
  report.table(
    ["what", "bodies", "seconds", "a page, ms", "the longest"],
    [
      once("GET /healthz", counted.parked + counted.quarantined, counted.milliseconds / 1000),
      walked("GET /api/parked", parked),
      walked("GET /api/quarantine", quarantined),
      once(`the call erased, ${ofCall.runs} runs of the cron`, 2 * CROWD, ofCall.seconds),
      once(`the caller erased, ${ofCaller.runs} runs of the cron`, 2 * CROWD, ofCaller.seconds),
      walked(`replay, ${replay.recovered} recovered`, {
        bodies: replay.recovered + replay.stillInQuarantine,
        pages: replay.pages,
      }),
      once(`what is parked recovered, ${drain.runs} runs`, CROWD, drain.seconds),
    ],
  );
  report.target(
    `/healthz counts ${CROWD} of each within ${MAX_COUNTING} ms: ${counted.parked}, ${counted.quarantined}`,
    counted.parked === CROWD && counted.quarantined === CROWD && counted.milliseconds <= MAX_COUNTING,
  );
  report.target(
    `all are listed, no page takes longer than ${MAX_PAGE} ms`,
    [parked, quarantined].every(({ bodies, pages }) => bodies === CROWD && Math.max(...pages) <= MAX_PAGE),
  );
  const erasures = [ofCall, ofCaller];
  report.target(
    `the erasures are complete, and nothing of the call and of the caller is left: ${left}; ${JSON.stringify(erasures)}`,
    left === 0 && erasures.every(({ isComplete }) => isComplete),
  );
  limitsTarget(report, usage);
}

function limitsTarget(report: Report, { subrequests, queries }: Awaited<ReturnType<typeof crowded>>["usage"]): void {
  report.target(
    `no invocation met a limit: at the most ${subrequests} of 10,000 subrequests, ${queries} of 1,000 queries`,
    subrequests < 10_000 && queries < 1_000,
  );
}
