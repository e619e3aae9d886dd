import pMap from "p-map";
import * as z from "zod";
import { type Ask, askLedger, eachPage } from "../../../src/commands/ask-ledger.ts";
import { countsText, type ErasedCounts, erase, type Subject } from "../../../src/commands/erasure.ts";
import { webAgentIds } from "./agents.ts";
import { customerPhones } from "./customers.ts";
import { showProgress } from "./progress.ts";

/** Jobs at a time: each looks through everything that is parked or in quarantine. */
const CONCURRENCY = 4;

const listed = z.object({ calls: z.array(z.object({ call_id: z.string() })) });

/** Erases the calls of all customers of the simulator from a ledger, and those that have no number by their agents; through its API. */
export async function removeSimulated(url: URL, token: string, signal: AbortSignal): Promise<true> {
  const ask = askLedger(url, token, signal);
  const progress = showProgress();
  const total: ErasedCounts = { calls: 0, events: 0, deliveries: 0, words: 0, objects: 0, parked: 0, quarantined: 0 };
  let done = 0;
  progress.step(`Erasing the simulator's calls at ${url.origin}`);
  try {
    const subjects: Subject[] = [...customerPhones.map((phone) => ({ phone })), ...(await webCalls(ask))];
    await pMap(
      subjects,
      async (subject) => {
        const erased = await erase(ask, subject, signal);
        total.calls += erased.calls;
        total.events += erased.events;
        total.deliveries += erased.deliveries;
        total.words += erased.words;
        total.objects += erased.objects;
        total.parked += erased.parked;
        total.quarantined += erased.quarantined;
        done += 1;
        progress.advance(done, subjects.length);
      },
      { concurrency: CONCURRENCY },
    );
  } catch (error) {
    progress.fail();
    throw error;
  }
  progress.finish();
  console.log(`erased: ${countsText(total)}`);
  return true;
}

async function webCalls(ask: Ask): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const agentId of webAgentIds) {
    await eachPage(
      (cursor) => ask("GET", `/api/calls?${new URLSearchParams({ agent_id: agentId, ...(cursor && { cursor }) })}`),
      (page) => subjects.push(...listed.parse(page).calls.map(({ call_id }) => ({ call: call_id }))),
    );
  }
  return subjects;
}
