import type { Child } from "hono/jsx";
import { MAX_KEY_BYTES } from "../../archive/keys.ts";
import type { ListedCall } from "../../ledger/call-list.ts";
import { Clipped } from "../parts/clipped.tsx";
import { Moment } from "../parts/moment.tsx";
import { formatDuration } from "../times.ts";
import type { Viewer } from "../viewer.ts";
import { recordingLink } from "./recording.ts";

const FACT_CHARACTERS = 200;
/** Ids and keys are bounded, and cut they would be of no use. */
const ID_CHARACTERS = MAX_KEY_BYTES;
const SUMMARY_CHARACTERS = 5000;
const ELSEWHERE = "D1 has the rest";

/** Who, when, how long, and what came of it. */
export function Facts({ call, viewer }: { call: ListedCall; viewer: Viewer }) {
  const { summary, recording_url, duration_seconds, transcript_key } = call;
  return (
    <section class="sheet facts-sheet" aria-label="Facts">
      {summary !== null && (
        <p class="summary-text" dir="auto">
          <Clipped text={summary} limit={SUMMARY_CHARACTERS} rest={ELSEWHERE} />
        </p>
      )}
      <dl class="facts">
        <TextFact name="Caller" text={call.caller_phone} />
        <TextFact name="Agent’s number" text={call.agent_phone} />
        <TextFact name="Agent" text={call.agent_id} />
        <TextFact name="Direction" text={call.call_direction} />
        <TextFact name="Disposition" text={call.disposition} />
        {duration_seconds !== null && <Fact name="Duration">{formatDuration(duration_seconds)}</Fact>}
        <TimeFact name="Started" at={call.started_at} viewer={viewer} />
        <TimeFact name="Ended" at={call.ended_at} viewer={viewer} />
        <TimeFact name="Analyzed" at={call.analyzed_at} viewer={viewer} />
        {recording_url !== null && (
          <Fact name="Recording">
            <Recording url={recording_url} />
          </Fact>
        )}
        <IdFact name="Call id" text={call.call_id} />
        <IdFact name="Transcript in R2" text={transcript_key} />
      </dl>
    </section>
  );
}

function Fact({ name, children, wide = false }: { name: string; children: Child; wide?: boolean }) {
  return (
    <div class={wide ? "wide" : undefined}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function TextFact({ name, text }: { name: string; text: string | null }) {
  if (text === null) return null;
  return (
    <Fact name={name}>
      <bdi>
        <Clipped text={text} limit={FACT_CHARACTERS} rest={ELSEWHERE} />
      </bdi>
    </Fact>
  );
}

function IdFact({ name, text }: { name: string; text: string | null }) {
  if (text === null) return null;
  return (
    <Fact name={name} wide>
      <code>
        <bdi>
          <Clipped text={text} limit={ID_CHARACTERS} rest={ELSEWHERE} />
        </bdi>
      </code>
    </Fact>
  );
}

function TimeFact({ name, at, viewer }: { name: string; at: string | null; viewer: Viewer }) {
  if (at === null) return null;
  return (
    <Fact name={name}>
      <Moment at={at} viewer={viewer} />
    </Fact>
  );
}

function Recording({ url }: { url: string }) {
  const link = recordingLink(url);
  if (link === undefined) return <Clipped text={url} limit={FACT_CHARACTERS} rest={ELSEWHERE} />;
  return (
    <a href={link.href} target="_blank" rel="noreferrer noopener">
      Listen<span class="unseen"> (opens {link.host} in a new window)</span>
    </a>
  );
}
