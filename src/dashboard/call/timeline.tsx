import type { EventRow } from "../../ledger/events.ts";
import { counted } from "../numbers.ts";
import { Clipped } from "../parts/clipped.tsx";
import { Moment } from "../parts/moment.tsx";
import type { Viewer } from "../viewer.ts";

/** A platform sends three events a call; a hostile one sends thousands. */
const MAX_EVENTS = 50;

const PAYLOAD_CHARACTERS = 20_000;

const names: Record<EventRow["event"], string> = {
  "call.start": "Call started",
  "call.end": "Call ended",
  "analytics.completed": "Analysis finished",
};

/** The events of a call in the order in which they occurred. */
export function Timeline({ events, viewer }: { events: readonly EventRow[]; viewer: Viewer }) {
  return (
    <section class="sheet" aria-labelledby="events">
      <header>
        <h2 id="events">Events</h2>
        <p>{counted(events.length, "event")}</p>
      </header>
      <ol class="timeline">
        {events.slice(0, MAX_EVENTS).map(({ event_id, event, occurred_at, received_at, format, payload }) => (
          <li key={event_id}>
            <h3>{names[event]}</h3>
            <p>
              <Moment at={occurred_at} viewer={viewer} format="momentSecond" />
            </p>
            <p class="small soft">
              {event}, {format} · received <Moment at={received_at} viewer={viewer} format="momentSecond" />
            </p>
            <details>
              <summary>Payload</summary>
              <pre class="payload" dir="auto">
                <Clipped text={indented(payload)} limit={PAYLOAD_CHARACTERS} rest="D1 has the rest" />
              </pre>
            </details>
          </li>
        ))}
      </ol>
      {events.length > MAX_EVENTS && (
        <p class="soft below">… and {counted(events.length - MAX_EVENTS, "event")} more: D1 has them.</p>
      )}
    </section>
  );
}

function indented(json: string): string {
  return JSON.stringify(JSON.parse(json), undefined, 2);
}
