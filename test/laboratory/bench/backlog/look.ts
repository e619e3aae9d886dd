import * as z from "zod";
import { API_TOKEN } from "../boot.ts";

const answer = z.object({
  parked: z.array(z.object({})).default([]),
  quarantine: z.array(z.object({})).default([]),
  next_cursor: z.string().nullable(),
});

const health = z.object({
  waiting: z.object({ parked: z.object({ count: z.number() }), quarantined: z.object({ count: z.number() }) }),
});

/** A walk through a listing. */
export interface Walk {
  bodies: number;
  /** Milliseconds of each page. */
  pages: number[];
}

/** Asks the API of a ledger, and measures the answer. @returns its status, body and milliseconds */
export async function timed(url: URL, path: string, init: { method?: string; body?: string } = {}) {
  const began = performance.now();
  const response = await fetch(new URL(path, url).href, { headers: { Authorization: `Bearer ${API_TOKEN}` }, ...init });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${path} answered ${response.status} ${JSON.stringify(body)}`);
  return { body, milliseconds: performance.now() - began };
}

/** What `/healthz` counts. */
export async function countWaiting(url: URL) {
  const { body, milliseconds } = await timed(url, "/healthz");
  const { parked, quarantined } = health.parse(body).waiting;
  return { parked: parked.count, quarantined: quarantined.count, milliseconds };
}

/** Walks through a listing to its end, in pages of a thousand. */
export async function walk(url: URL, path: string): Promise<Walk> {
  const pages: number[] = [];
  let bodies = 0;
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { body, milliseconds } = await timed(
      url,
      `${path}?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    const page: z.infer<typeof answer> = answer.parse(body);
    bodies += page.parked.length + page.quarantine.length;
    pages.push(milliseconds);
    cursor = page.next_cursor;
  }
  return { bodies, pages };
}
