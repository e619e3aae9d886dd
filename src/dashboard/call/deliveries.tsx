import type { DeliveryRow } from "../../ledger/deliveries.ts";
import { counted } from "../numbers.ts";
import { DeliveryBadge } from "../parts/badge.tsx";
import { Clipped } from "../parts/clipped.tsx";
import { Moment } from "../parts/moment.tsx";
import type { Viewer } from "../viewer.ts";

const MAX_DELIVERIES = 20;
const ERROR_CHARACTERS = 500;

/** How the call's analytics fared on their way downstream. */
export function Deliveries({ deliveries, viewer }: { deliveries: readonly DeliveryRow[]; viewer: Viewer }) {
  return (
    <section class="sheet" aria-labelledby="deliveries">
      <header>
        <h2 id="deliveries">Downstream</h2>
        <p>
          <a href="/deliveries">All deliveries</a>
        </p>
      </header>
      {deliveries.length === 0 && <p class="soft">Nothing of this call was to be sent on.</p>}
      <ul class="rows">
        {deliveries.slice(0, MAX_DELIVERIES).map((delivery) => (
          <li key={`${delivery.event_id} ${delivery.destination}`} class="row">
            <span class="row-main">
              <bdi>{delivery.destination}</bdi>
              <span class="small soft">
                {counted(delivery.attempts, "attempt")}, <Moment at={delivery.updated_at} viewer={viewer} />
              </span>
              {delivery.last_error !== null && (
                <span class="small">
                  <Clipped text={delivery.last_error} limit={ERROR_CHARACTERS} rest="D1 has the rest" />
                </span>
              )}
            </span>
            <span class="row-aside">
              <DeliveryBadge state={delivery.state} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
