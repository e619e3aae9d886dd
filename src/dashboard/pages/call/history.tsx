import type { DeliveryRow, EventRow } from "../../../ledger/schema.ts";
import { counted } from "../../ui/numbers.ts";
import { Clipped, DeliveryBadge, Moment, Row, Sheet } from "../../ui/parts.tsx";
import type { Viewer } from "../../ui/viewer.ts";

/** A platform sends three events a call; a hostile one sends thousands. */
export const MAX_EVENTS = 50;

const PAYLOAD_CHARACTERS = 20_000;

const eventNames: Record<EventRow["event"], string> = {
  "call.start": "Call started",
  "call.end": "Call ended",
  "analytics.completed": "Analysis finished",
};

/** The events of a call in the order in which they occurred, the first of them when there are too many. */
export function Timeline({ events, viewer }: { events: readonly EventRow[]; viewer: Viewer }) {
  return (
    <Sheet
      title="Events"
      note={events.length > MAX_EVENTS ? `the first ${MAX_EVENTS}` : counted(events.length, "event")}
    >
      <ol class="timeline">
        {events.slice(0, MAX_EVENTS).map(({ event, occurred_at, received_at, format, payload }) => (
          <li>
            <h3>{eventNames[event]}</h3>
            <p>
              <Moment at={occurred_at} viewer={viewer} format="momentSecond" />
            </p>
            <p class="small soft">
              {event}, {format} · received <Moment at={received_at} viewer={viewer} format="momentSecond" />
            </p>
            {payload !== null && (
              <details>
                <summary>Payload</summary>
                <pre class="payload" dir="auto">
                  <Clipped text={indented(payload)} limit={PAYLOAD_CHARACTERS} />
                </pre>
              </details>
            )}
          </li>
        ))}
      </ol>
      {events.length > MAX_EVENTS && <p class="soft below">… and more: D1 has them, and the API.</p>}
    </Sheet>
  );
}

function indented(json: string): string {
  return JSON.stringify(JSON.parse(json), undefined, 2);
}

const MAX_DELIVERIES = 20;
const ERROR_CHARACTERS = 500;

/** The deliveries of a call, with their state. */
export function Deliveries({ deliveries, viewer }: { deliveries: readonly DeliveryRow[]; viewer: Viewer }) {
  return (
    <Sheet title="Downstream" note={<a href="/deliveries">All deliveries</a>}>
      {deliveries.length === 0 && <p class="soft">Nothing of this call was to be sent on.</p>}
      <ul class="rows">
        {deliveries.slice(0, MAX_DELIVERIES).map(({ destination, attempts, updated_at, last_error, state }) => (
          <Row aside={<DeliveryBadge state={state} />}>
            <bdi>{destination}</bdi>
            <span class="small soft">
              {counted(attempts, "attempt")}, <Moment at={updated_at} viewer={viewer} />
            </span>
            {last_error !== null && (
              <span class="small">
                <Clipped text={last_error} limit={ERROR_CHARACTERS} />
              </span>
            )}
          </Row>
        ))}
      </ul>
    </Sheet>
  );
}
