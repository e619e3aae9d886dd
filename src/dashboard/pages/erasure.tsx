import { type ErasureView, viewErasure } from "../../erasure/start.ts";
import { decodedPart } from "../../http/input.ts";
import { notFound } from "../../http/problem.ts";
import { readJob } from "../../ledger/jobs.ts";
import { html } from "../ui/html.ts";
import { Page } from "../ui/layout.tsx";
import { Notice, type Tone } from "../ui/notices.tsx";
import { formatCount } from "../ui/numbers.ts";
import { ButtonLink, Pairs, Sheet } from "../ui/parts.tsx";
import type { PageHandler } from "../ui/viewer.ts";

/** Seconds until the browser loads the page of a running erasure again. By a header, so that it works without JavaScript. */
const REFRESH_SECONDS = 2;

/** The address of an erasure's page. */
export function erasurePath(job: string): string {
  return `/erasures/${encodeURIComponent(job)}`;
}

/** `GET /erasures/{job}`: shows how far an erasure is. */
export const showErasure: PageHandler = async (request, viewer, env) => {
  const job = decodedPart(request.params["job"] ?? "");
  const row = await readJob(env.DB, job);
  const view = row && viewErasure(row);
  if (view === undefined) return notFound("There is no such erasure. The ledger forgets each a week after its end.");
  const { status, output } = view;
  const { title, tone, text } = states[status];
  const isComplete = status === "complete";
  return html(
    <Page title={title} viewer={viewer} section="/calls">
      <Notice tone={tone}>{text}</Notice>
      <Sheet title={isComplete ? "How much went" : "How much went so far"}>
        <Pairs pairs={pairsOf(output)} />
      </Sheet>
      <p class="actions">
        {!isComplete && (
          <ButtonLink main path={erasurePath(job)}>
            Refresh
          </ButtonLink>
        )}
        <ButtonLink main={isComplete} path="/calls">
          All calls
        </ButtonLink>
      </p>
    </Page>,
    { headers: status === "running" ? { Refresh: String(REFRESH_SECONDS) } : {} },
  );
};

const states: Record<ErasureView["status"], { title: string; tone: Tone; text: string }> = {
  running: {
    title: "Erasing a call",
    tone: "warn",
    text: "Not finished yet. The ledger goes on by itself; this page shows how far it is.",
  },
  complete: {
    title: "Erased",
    tone: "good",
    text: "The call is erased, with everything the ledger kept of it. Events of it that still come in are dropped.",
  },
  errored: {
    title: "Not erased yet",
    tone: "bad",
    text: "Something failed before all was gone. The ledger tries again by itself within ten minutes.",
  },
};

function pairsOf({ calls, events, deliveries, words, objects, parked, quarantined }: ErasureView["output"]) {
  const counts = {
    Calls: calls,
    Events: events,
    Deliveries: deliveries,
    "Calls in the index of words": words,
    "Transcripts and other bodies in R2": objects,
    "Parked bodies": parked,
    "Bodies in quarantine": quarantined,
  };
  return Object.entries(counts).map(([name, count]) => ({ name, value: formatCount(count) }));
}
