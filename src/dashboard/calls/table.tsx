import type { ListedCall } from "../../ledger/call-list.ts";
import { callPath } from "../call-path.ts";
import { Moment } from "../moment.tsx";
import { CallBadge } from "../parts/badge.tsx";
import { startOf } from "../parts/clipped.tsx";
import { formatDuration } from "../times.ts";
import type { Viewer } from "../viewer.ts";

const FIELD_CHARACTERS = 80;
const SUMMARY_CHARACTERS = 160;

/** Calls as a table; a whole row leads to its call, by one link. */
export function CallTable({ calls, viewer }: { calls: readonly ListedCall[]; viewer: Viewer }) {
  const summaries = calls.some(({ summary }) => summary !== null);
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
            <th scope="col">Disposition</th>
            <th scope="col">Status</th>
            {summaries && <th scope="col">Summary</th>}
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
              <Cell label="Disposition" text={call.disposition} />
              <td data-label="Status">
                <CallBadge status={call.status} />
              </td>
              {summaries && <Summary text={call.summary} />}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ label, text }: { label: string; text: string | null }) {
  return <td data-label={label}>{text !== null && <bdi>{startOf(text, FIELD_CHARACTERS)}</bdi>}</td>;
}

function Summary({ text }: { text: string | null }) {
  return (
    <td data-label="Summary" class="summary">
      {text !== null && (
        <span class="clamped" dir="auto">
          {startOf(text, SUMMARY_CHARACTERS)}
        </span>
      )}
    </td>
  );
}
