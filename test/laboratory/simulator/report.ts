import { styleText } from "node:util";
import { Table } from "console-table-printer";
import type { Traffic } from "./send.ts";
import type { Totals } from "./totals.ts";

/** The table's white cannot be read on a white terminal. */
const shouldDisableColors = true;

/** One line of a report: what there should be, and what there is. */
export interface Finding {
  what: string;
  expected: number;
  seen: number;
}

/** Answers by status, those that nobody expected included. */
export function answerFindings(totals: Totals, traffic: Traffic): Finding[] {
  const { answers, surprises } = traffic;
  const expected = new Map<string, number>(Object.entries(totals.answers));
  const names = [...new Set([...expected.keys(), ...answers.keys()])].sort();
  return [
    ...names.map((name) => ({
      what: `answers: ${name}`,
      expected: expected.get(name) ?? 0,
      seen: answers.get(name) ?? 0,
    })),
    { what: "answers other than planned", expected: 0, seen: surprises.length },
    ...platformFindings(totals, traffic),
  ];
}

/** Of each platform, the requests that were answered as they should be. */
export function platformFindings({ platforms }: Totals, { surprises }: Traffic): Finding[] {
  return Array.from(platforms, ([name, { requests }]) => {
    const surprised = surprises.filter(({ delivery }) => delivery.platform === name);
    const seen = requests - surprised.reduce((sum, { delivery }) => sum + delivery.expected.length, 0);
    return { what: `${name}: requests answered rightly`, expected: requests, seen };
  });
}

/** Prints the findings as a table. Returns whether all are as they should be. */
export function printFindings(findings: readonly Finding[]): boolean {
  const table = new Table({
    columns: [
      { name: "what", alignment: "left" },
      { name: "expected", alignment: "right" },
      { name: "seen", alignment: "right" },
      { name: "ok", alignment: "left" },
    ],
    shouldDisableColors,
  });
  for (const { what, expected, seen } of findings) {
    const ok = expected === seen;
    table.addRow({ what, expected, seen, ok: ok ? "yes" : "NO" });
  }
  console.log(table.render());
  return findings.every(({ expected, seen }) => expected === seen);
}

const SHOWN_SURPRISES = 5;

/** Prints a few of the deliveries that were answered otherwise than planned; nothing when there are none. */
export function printSurprises({ surprises }: Traffic): void {
  for (const { delivery, seen } of surprises.slice(0, SHOWN_SURPRISES)) {
    const { platform, content, events, callId, signing } = delivery;
    const about = [platform, content, ...events, callId, signing].filter((part) => part !== undefined).join(", ");
    console.log(`${about}: planned ${delivery.expected.join(" + ")}, got ${seen.join(" + ")}`);
  }
  if (surprises.length > SHOWN_SURPRISES) console.log(`… and ${surprises.length - SHOWN_SURPRISES} more like these`);
}

/** Prints rows of D1 as a table under a title. */
export function printRows(title: string, rows: Record<string, string | number | null>[]): void {
  console.log(`\n${styleText("bold", title)}`);
  const columns = Object.entries(rows[0] ?? {}).map(([name, value]) => ({
    name,
    alignment: typeof value === "number" ? "right" : "left",
  }));
  console.log(new Table({ columns, rows, shouldDisableColors }).render());
}

/** Requests a second, and how long answers took. */
export function paceOf({ requests, seconds, latency }: Traffic): string {
  const milliseconds = (microseconds: number) => `${(microseconds / 1000).toFixed(1)} ms`;
  const perSecond = (requests / seconds).toFixed(0);
  const [median, late] = [latency.percentile(50), latency.percentile(95)].map(milliseconds);
  return (
    `${requests} requests in ${seconds.toFixed(1)} s, ${perSecond} a second\n` +
    `answers took p50 ${median}, p95 ${late}, max ${milliseconds(latency.max)}`
  );
}
