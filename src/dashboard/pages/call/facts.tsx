import type { Child } from "hono/jsx";
import { MAX_KEY_BYTES } from "../../../archive/keys.ts";
import type { CallRow } from "../../../ledger/schema.ts";
import { formatDollars, formatMilliseconds } from "../../ui/numbers.ts";
import { Clipped, Moment, type Pair, Pairs } from "../../ui/parts.tsx";
import { callerPath, withQuery } from "../../ui/paths.ts";
import { formatDuration } from "../../ui/times.ts";
import type { Viewer } from "../../ui/viewer.ts";
import type { FilterName } from "../calls/query.ts";

const FACT_CHARACTERS = 200;
/** Ids and keys are bounded, and cut they would be of no use. */
const ID_CHARACTERS = MAX_KEY_BYTES;
const SUMMARY_CHARACTERS = 5000;

/** The facts of a call: numbers, times, ids and disposition. Most lead to the calls that have them too. */
export function Facts({ call, viewer }: { call: CallRow; viewer: Viewer }) {
  const facts: Pair[] = [
    ...fact("Caller", call.caller_phone, (phone) => linked(phone, callerPath(phone), "the number")),
    ...fact("Agent’s number", call.agent_phone, alike("agent_phone", "the number")),
    ...fact("Agent", call.agent_id, alike("agent_id", "the agent’s id")),
    ...fact("Agent’s version", call.agent_version, alike("agent_version")),
    ...fact("Platform", call.platform, alike("platform")),
    ...fact("Direction", call.call_direction, alike("call_direction")),
    ...fact("Disposition", call.disposition, alike("disposition")),
    ...fact("Duration", call.duration_seconds, formatDuration),
    ...fact("Cost", call.cost_usd, formatDollars),
    ...fact("Latency", call.latency_ms, formatMilliseconds),
    ...fact("Started", call.started_at, time),
    ...fact("Ended", call.ended_at, time),
    ...fact("Analyzed", call.analyzed_at, time),
    // The player takes its place once the ledger has a copy.
    ...fact("Recording", call.recording_key === null ? call.recording_url : null, (url) => <Recording url={url} />),
    ...fact("Call id", call.call_id, id, { wide: true }),
    ...fact("Transcript in R2", call.transcript_key, id, { wide: true }),
    ...fact("Recording in R2", call.recording_key, id, { wide: true }),
  ];
  return (
    <section class="sheet facts-sheet" aria-label="Facts">
      <Pairs kind="facts" pairs={facts} />
    </section>
  );

  function time(at: string) {
    return <Moment at={at} viewer={viewer} />;
  }
}

/** The summary of a call; nothing where it has none. */
export function Summary({ summary }: { summary: string | null }) {
  if (summary === null) return null;
  return (
    <section class="sheet" aria-label="Summary">
      <p class="summary-text" dir="auto">
        <Clipped text={summary} limit={SUMMARY_CHARACTERS} />
      </p>
    </section>
  );
}

/** A fact, or none where the column has no value. */
function fact<T>(name: string, value: T | null, show: (value: T) => Child, { wide = false } = {}): Pair[] {
  return value === null ? [] : [{ name, value: show(value), wide }];
}

/** Makes a value a link to the calls that have it too. */
function alike(filter: FilterName, copies?: string) {
  return (value: string) => linked(value, withQuery("/calls", { [filter]: value }), copies);
}

/** @param copies what a click copies, in words; absent: nothing */
function linked(value: string, path: string | undefined, copies?: string) {
  const text = (
    <bdi>
      <Clipped text={value} limit={FACT_CHARACTERS} />
    </bdi>
  );
  return (
    <span data-copy={copies === undefined ? undefined : value} data-copies={copies}>
      {path === undefined ? text : <a href={path}>{text}</a>}
    </span>
  );
}

function id(value: string) {
  return (
    <code data-copy={value} data-copies="this id">
      <bdi>
        <Clipped text={value} limit={ID_CHARACTERS} />
      </bdi>
    </code>
  );
}

function Recording({ url }: { url: string }) {
  const link = recordingLink(url);
  if (link === undefined) return <Clipped text={url} limit={FACT_CHARACTERS} />;
  return (
    <a href={link.href} target="_blank" rel="noreferrer noopener">
      Listen<span class="unseen"> (opens {link.host} in a new window)</span>
    </a>
  );
}

/** The address of a recording, when it is one that a browser may be sent to: anything may stand there, `javascript:` too. */
export function recordingLink(text: string): { href: string; host: string } | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
  return { href: url.href, host: url.host };
}
