import type { ListedCall } from "../../ledger/call-list.ts";
import { callPath } from "../call-path.ts";
import { CallBadge } from "../parts/badge.tsx";
import { startOf } from "../parts/clipped.tsx";
import { Moment } from "../parts/moment.tsx";
import { formatDuration } from "../times.ts";
import type { Viewer } from "../viewer.ts";

const FIELD_CHARACTERS = 80;
const SUMMARY_CHARACTERS = 160;
/** Phone numbers and most names are no longer, and no good in pieces. */
const UNBROKEN_CHARACTERS = 20;

/** Calls as a table; a whole row leads to its call, by one link. */
export function CallTable({ calls, viewer }: { calls: readonly ListedCall[]; viewer: Viewer }) {
  return (
    <div class="sheet">
      <table class="cards calls">
        <caption class="unseen">Calls, newest first</caption>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Caller</th>
            <th scope="col">Agent</th>
            <th scope="col">Direction</th>
            <th scope="col" class="number">
              Duration
            </th>
            <th scope="col">Status</th>
            <th scope="col">Disposition</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <tr key={call.call_id}>
              <td data-label="When">
                <a class="row-link" href={callPath(call.call_id)}>
                  <Moment at={call.called_at} viewer={viewer} />
                </a>
              </td>
              <Cell label="Caller" text={call.caller_phone} />
              <Cell label="Agent" text={call.agent_id} />
              <td data-label="Direction" class="keep">
                {call.call_direction}
              </td>
              <td data-label="Duration" class="number keep">
                {call.duration_seconds !== null && formatDuration(call.duration_seconds)}
              </td>
              <td data-label="Status">
                <CallBadge status={call.status} />
              </td>
              <Outcome disposition={call.disposition} summary={call.summary} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ label, text }: { label: string; text: string | null }) {
  if (text === null) return <td data-label={label} />;
  return (
    <td data-label={label} class={text.length <= UNBROKEN_CHARACTERS ? "keep" : undefined}>
      <bdi>{startOf(text, FIELD_CHARACTERS)}</bdi>
    </td>
  );
}

function Outcome({ disposition, summary }: { disposition: string | null; summary: string | null }) {
  return (
    <td data-label="Disposition" class="outcome">
      {disposition !== null && <bdi>{startOf(disposition, FIELD_CHARACTERS)}</bdi>}
      {summary !== null && (
        <span class="clamped small soft" dir="auto">
          {startOf(summary, SUMMARY_CHARACTERS)}
        </span>
      )}
    </td>
  );
}
