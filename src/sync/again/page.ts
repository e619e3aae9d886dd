import { eventRange, lastEvent, listRange, takePage } from "../../ledger/event-range.ts";
import { type JobRow, listDueJobs } from "../../ledger/jobs.ts";
import { sendAgain } from "../relay.ts";

/** How fast a range is sent. */
export interface Pace {
  /** Events of one page. */
  events: number;
  /** Milliseconds between two pages. */
  pauseMs: number;
}

/**
 * Ten events a second, a third of what the queue's consumer delivers to a receiver that takes a second for each: fresh events get
 * past. A hundred thousand take three hours.
 */
export const PACE: Pace = { events: 600, pauseMs: 60_000 };

/** Time without progress after which the cron goes on with a job; longer than a pause and all tries of a page. */
export const PATIENCE_MS = 10 * 60 * 1000;

/** The stores that a range is sent with. */
export interface SendingStores {
  db: D1Database;
  queue: Queue;
}

/**
 * Sends the next page of a job, and records its progress. Safe to repeat. Messages that the queue does not take are overdue after a
 * while, and the relay sends them.
 * @param patienceMs how long the cron leaves the job alone after this page
 * @returns whether the job is over: complete, or stopped
 */
export async function sendPage(
  { id, status, subject, position }: JobRow,
  patienceMs: number,
  { db, queue }: SendingStores,
  { events: limit }: Pick<Pace, "events">,
): Promise<boolean> {
  if (status === "complete" || status === "stopped") return true;
  const range = eventRange.parse(JSON.parse(subject ?? ""));
  const events = await listRange(db, range, lastEvent.parse(JSON.parse(position ?? "")), limit);
  const isLast = events.length < limit;
  const now = new Date();
  const page = { events, targets: range.targets, isLast, dueAt: new Date(now.getTime() + patienceMs) };
  await sendAgain(queue, await takePage(db, { id, position }, page, now));
  return isLast;
}

/** There is one at a time, but for two that began at once. */
const JOBS_A_RUN = 2;

/**
 * Goes on with jobs that made no progress, a page of each a minute: their instance had too much to do, D1 was down, or the runtime
 * ended, as it does with `npm run dev`. Safe to repeat.
 */
export async function goOnSending(stores: SendingStores, now: Date): Promise<{ jobs: number }> {
  const due = await listDueJobs(stores.db, "send-again", JOBS_A_RUN, now);
  for (const job of due) await sendPage(job, 0, stores, PACE);
  return { jobs: due.length };
}
