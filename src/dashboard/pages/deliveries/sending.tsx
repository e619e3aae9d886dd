import { decodedPart } from "../../../http/input.ts";
import { notFound } from "../../../http/problem.ts";
import { readJob, stopJob } from "../../../ledger/jobs.ts";
import { type SendingView, viewSending } from "../../../sync/again/start.ts";
import { PostForm } from "../../ui/forms.tsx";
import { html, seeOther } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { Notice, type Tone } from "../../ui/notices.tsx";
import { formatCount } from "../../ui/numbers.ts";
import { ButtonLink, Pairs, Sheet } from "../../ui/parts.tsx";
import type { PageHandler } from "../../ui/viewer.ts";

/** Seconds until the browser loads the page of a running job again. By a header, so that it works without JavaScript. */
const REFRESH_SECONDS = 10;

/** The address of the page of a job that sends a range again, or of the action that stops it. */
export function sendingPath(job: string, below: "" | "/stop" = ""): string {
  return `/deliveries/jobs/${encodeURIComponent(job)}${below}`;
}

const states: Record<SendingView["status"], { title: string; tone: Tone; text: string }> = {
  running: {
    title: "Sending a range again",
    tone: "warn",
    text: "Some hundred events a minute, so that fresh ones get past. The ledger goes on by itself.",
  },
  complete: { title: "Sent again", tone: "good", text: "All of the range is on its way." },
  errored: {
    title: "Not all sent yet",
    tone: "bad",
    text: "Something failed before all was sent. The ledger goes on by itself within ten minutes.",
  },
  stopped: { title: "Stopped", tone: "warn", text: "No more of the range is sent. What was on its way goes on." },
};

const gone = () => notFound("There is no such job. The ledger forgets each a week after its end.");

/** `GET /deliveries/jobs/{job}`: shows how far a range is that is sent again. */
export const showSending: PageHandler = async (request, viewer, env) => {
  const job = decodedPart(request.params["job"] ?? "");
  const row = await readJob(env.DB, job);
  const view = row && viewSending(row);
  if (view === undefined) return gone();
  const { status, output } = view;
  const { title, tone, text } = states[status];
  const isOpen = status === "running" || status === "errored";
  return html(
    <Page title={title} viewer={viewer} section="/deliveries" back={{ path: "/deliveries", name: "Deliveries" }}>
      <Notice tone={tone}>{text}</Notice>
      <Sheet title="How far it is">
        <Pairs
          pairs={[
            { name: "Sent again", value: `${formatCount(output.sent)} of ${formatCount(output.of)}` },
            { name: "On their way already, or erased", value: formatCount(output.left_alone) },
          ]}
        />
      </Sheet>
      <div class="actions">
        {isOpen && (
          <>
            <ButtonLink main path={sendingPath(job)}>
              Refresh
            </ButtonLink>
            <PostForm action={sendingPath(job, "/stop")} viewer={viewer}>
              <button type="submit" class="bad">
                Stop
              </button>
            </PostForm>
          </>
        )}
        <ButtonLink main={!isOpen} path="/deliveries?state=all">
          All deliveries
        </ButtonLink>
      </div>
    </Page>,
    { headers: status === "running" ? { Refresh: String(REFRESH_SECONDS) } : {} },
  );
};

/** `POST /deliveries/jobs/{job}/stop`: stops a job that sends a range again. */
export const stopSending: PageHandler = async (request, _viewer, env) => {
  const job = decodedPart(request.params["job"] ?? "");
  const row = await readJob(env.DB, job);
  if (row?.kind !== "send-again") return gone();
  await stopJob(env.DB, job, new Date());
  return seeOther(sendingPath(job));
};
