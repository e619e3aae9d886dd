import * as z from "zod";
import { type JobRow, jobStatus } from "../ledger/jobs.ts";
import type { Span } from "./client.ts";

/** What a job is to fetch. */
export const fetchSubject = z.object({
  platform: z.string(),
  /** ISO 8601 UTC: calls created from then on. */
  from: z.string(),
  /** ISO 8601 UTC: a call created at this moment is out. */
  to: z.string(),
  /** The day that a run lists by date besides, `2024-07-15`; null: none, and of an import. */
  day: z.string().nullable(),
  /** Whether what is fetched makes deliveries. */
  deliver: z.boolean(),
});
export type FetchSubject = z.infer<typeof fetchSubject>;

/** Where a job goes on. */
export const fetchPosition = z.object({
  /** The list, or the day of an import. */
  stage: z.number(),
  /** Of the list; null: its first page. */
  cursor: z.string().nullable(),
  /** Pages in a row that brought nothing and were older than the span. */
  quiet: z.number(),
  /** Pauses in a row that the platform asked for. */
  pauses: z.number(),
  /** Calls of this page that cannot be fetched. */
  unfetchable: z.array(z.string()),
  /** Whether an import reads the list in place of the one by date. */
  instead: z.boolean(),
});
export type FetchPosition = z.infer<typeof fetchPosition>;

export const BEGINNING: FetchPosition = {
  stage: 0,
  cursor: null,
  quiet: 0,
  pauses: 0,
  unfetchable: [],
  instead: false,
};

/** How far a job is, as the outside sees it. */
export const fetchOutput = z.object({
  platform: z.string(),
  list: z
    .string()
    .nullable()
    .describe("what it asks for at the moment: a list of the platform, or a day; null at its end"),
  requests: z.number().describe("to the platform, repetitions included"),
  seen: z.number().describe("calls that the platform listed, one in two lists twice"),
  running: z.number().describe("of these, calls that still go on, or ended in the last minutes: left alone"),
  fetched: z.number().describe("calls of which the ledger lacked something, and has it now"),
  missed: z.number().describe("of these, calls whose end was missing"),
  refused: z.number().describe("calls that were erased, that left the database, or that another platform began"),
  failed: z.number().describe("calls that could not be fetched, or whose body did not fit"),
  unavailable: z.array(z.string()).describe("lists that the platform did not give"),
  reason: z.string().nullable().describe("why it failed, or pauses"),
});
export type FetchOutput = z.infer<typeof fetchOutput>;

export function outputOf(platform: string): FetchOutput {
  const counts = { requests: 0, seen: 0, running: 0, fetched: 0, missed: 0, refused: 0, failed: 0 };
  return { platform, list: null, ...counts, unavailable: [], reason: null };
}

/** A job that fetches missed calls, or imports a history, as the outside sees it. */
export const fetchView = z.object({ status: jobStatus, output: fetchOutput });

/** Returns the state of a job that fetches or imports; `undefined` for another job. */
export function viewFetch({ kind, status, output }: JobRow): z.infer<typeof fetchView> | undefined {
  return kind === "fetch" || kind === "import" ? fetchView.parse({ status, output: JSON.parse(output) }) : undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Returns the UTC day of a moment: `2024-07-15`. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, "2024-07-15".length);
}

/** Returns a UTC day as a span. */
export function spanOfDay(day: string): Span {
  const start = Date.parse(`${day}T00:00:00.000Z`);
  return { from: new Date(start).toISOString(), to: new Date(start + DAY_MS).toISOString() };
}

/** Returns the part of a span that lies in its nth UTC day, from 0; `undefined` after the last. */
export function partOfSpan({ from, to }: Span, number: number): Span | undefined {
  const midnight = Date.parse(spanOfDay(from.slice(0, "2024-07-15".length)).from);
  const start = number === 0 ? from : new Date(midnight + number * DAY_MS).toISOString();
  const end = new Date(midnight + (number + 1) * DAY_MS).toISOString();
  return start < to ? { from: start, to: end < to ? end : to } : undefined;
}
