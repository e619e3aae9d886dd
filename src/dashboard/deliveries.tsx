import * as z from "zod";
import { readForm, readQuery } from "../http/input.ts";
import type { DeliveryRow, DeliveryState } from "../ledger/deliveries.ts";
import { deliveryFilter, deliveryPosition, readDeliveryPage } from "../ledger/delivery-page.ts";
import { configuredDestinations } from "../sync/destinations/index.ts";
import { retryFailed } from "../sync/relay.ts";
import { callPath } from "./call-path.ts";
import { html, seeOther } from "./html.ts";
import { Csrf, Page } from "./layout.tsx";
import type { PageHandler } from "./page.ts";
import { Moment } from "./parts/moment.tsx";
import { Outcome, withOutcome } from "./parts/outcome.tsx";
import { Paging } from "./parts/paging.tsx";
import type { Viewer } from "./viewer.ts";

const ROWS = 50;

/** First what somebody comes here for. */
const states = z.enum(["failed", "pending", "delivered", "all"]) satisfies z.ZodType<DeliveryState | "all">;

/** What the page shows of the deliveries. */
const view = { state: states.default("failed"), destination: deliveryFilter.destination };
const viewQuery = z.object(view);
type View = z.output<typeof viewQuery>;

const tabs: Record<View["state"], string> = {
  failed: "Failed",
  pending: "On the way",
  delivered: "Delivered",
  all: "All",
};

/** `GET /deliveries`: what is on its way downstream, has arrived, or has failed and why. */
export const deliveries: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readQuery(url, z.object({ ...view, cursor: deliveryPosition.optional() }));
  if (!query.ok) return query.response;
  const { cursor, ...shown } = query.value;
  const state = shown.state === "all" ? undefined : shown.state;
  const page = await readDeliveryPage(env.DB, { state, destination: shown.destination, after: cursor, limit: ROWS });

  return html(
    <Page title="Deliveries" viewer={viewer} section="/deliveries">
      <div class="page-head">
        <div>
          <h1>Deliveries</h1>
          <p>Finished analytics on their way to the systems downstream.</p>
        </div>
        {shown.state === "failed" && page.deliveries.length > 0 && (
          <form method="post" action={retryPath(shown)}>
            <Csrf viewer={viewer} />
            {shown.destination && <input type="hidden" name="destination" value={shown.destination} />}
            <button type="submit" class="main">
              Send all failed again
            </button>
          </form>
        )}
      </div>
      <Outcome query={url.searchParams} />
      <Tabs shown={shown} />
      {shown.destination && (
        <p class="actions">
          <span>
            Only those to <strong>{shown.destination}</strong>.
          </span>
          <a href={pathOf({ state: shown.state })}>Show all destinations</a>
        </p>
      )}
      <section class="sheet">
        {page.deliveries.length === 0 ? (
          <Nothing shown={shown} isSwitchedOn={configuredDestinations(env).length > 0} />
        ) : (
          <Deliveries rows={page.deliveries} shown={shown} viewer={viewer} />
        )}
      </section>
      <Paging first={cursor && pathOf(shown)} next={page.next_cursor && pathOf(shown, page.next_cursor)} />
    </Page>,
  );
};

/** `POST /deliveries/retry`: sends failed deliveries again: one, those to one destination, or all. */
export const retryDeliveries: PageHandler = async (request, _viewer, env) => {
  const shown = readQuery(new URL(request.url), viewQuery);
  if (!shown.ok) return shown.response;
  const which = await readForm(request, z.object(deliveryFilter));
  if (!which.ok) return which.response;
  const { retried, more } = await retryFailed(env.DB, env.SYNC_QUEUE, which.value, new Date());
  return seeOther(withOutcome(pathOf(shown.value), more ? "sent-some-again" : "sent-again", retried));
};

function pathOf({ state, destination }: View, cursor?: string): string {
  return `/deliveries?${new URLSearchParams({ state, ...(destination && { destination }), ...(cursor && { cursor }) })}`;
}

/** The address of the action keeps what is shown, so that the same is shown after it. */
function retryPath(shown: View): string {
  return pathOf(shown).replace("?", "/retry?");
}

function Tabs({ shown }: { shown: View }) {
  return (
    <nav class="choice" aria-label="State">
      {states.options.map((state) => (
        <a key={state} href={pathOf({ ...shown, state })} aria-current={state === shown.state ? "true" : undefined}>
          {tabs[state]}
        </a>
      ))}
    </nav>
  );
}

function Nothing({ shown, isSwitchedOn }: { shown: View; isSwitchedOn: boolean }) {
  const [title, text] = nothing[shown.state];
  return (
    <div class="empty">
      <strong>{title}</strong>
      {isSwitchedOn ? text : "There is no system downstream: the setting SYNC_URL is empty."}
    </div>
  );
}

const nothing: Record<View["state"], [title: string, text: string]> = {
  failed: ["Nothing has failed", "Every delivery has arrived or is still on the way."],
  pending: ["Nothing is on the way", "Every delivery has arrived or has failed."],
  delivered: ["Nothing has been delivered yet", "A delivery sets out when the analytics of a call are finished."],
  all: ["There are no deliveries yet", "One sets out when the analytics of a call are finished."],
};

const badges: Record<DeliveryState, string> = { failed: "badge bad", pending: "badge warn", delivered: "badge good" };

function Deliveries({ rows, shown, viewer }: { rows: readonly DeliveryRow[]; shown: View; viewer: Viewer }) {
  const hasFailed = rows.some(({ state }) => state === "failed");
  return (
    <div class="table-wrap">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Call</th>
            <th scope="col">State</th>
            <th scope="col">To</th>
            <th scope="col" class="number">
              Attempts
            </th>
            <th scope="col">Last error</th>
            <th scope="col">Updated</th>
            {hasFailed && (
              <th scope="col">
                <span class="unseen">Action</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={`${row.event_id} ${row.destination}`}>
              <td data-label="Call">
                <a href={callPath(row.call_id)}>{row.call_id}</a>
              </td>
              <td data-label="State">
                <span class={badges[row.state]}>{tabs[row.state]}</span>
              </td>
              <td data-label="To">
                <a href={pathOf({ ...shown, destination: row.destination })}>{row.destination}</a>
              </td>
              <td data-label="Attempts" class="number">
                {row.attempts}
              </td>
              <td data-label="Last error">{row.last_error}</td>
              <td data-label="Updated">
                <Moment at={row.updated_at} viewer={viewer} />
              </td>
              {hasFailed && (
                <td class="number">
                  {row.state === "failed" && <SendAgain row={row} shown={shown} viewer={viewer} />}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SendAgain({ row, shown, viewer }: { row: DeliveryRow; shown: View; viewer: Viewer }) {
  return (
    <form method="post" action={retryPath(shown)}>
      <Csrf viewer={viewer} />
      <input type="hidden" name="event_id" value={row.event_id} />
      <input type="hidden" name="destination" value={row.destination} />
      <button type="submit" aria-label={`Send again: ${row.call_id}`}>
        Send again
      </button>
    </form>
  );
}
