import * as z from "zod";
import { readForm, readQuery } from "../../http/input.ts";
import { type Place, pageCursor, writePageCursor } from "../../ledger/page.ts";
import { type DeliveryRow, type DeliveryState, reader } from "../../ledger/schema.ts";
import { deliveryFilter, listDeliveries } from "../../ledger/undelivered.ts";
import { configuredDestinations } from "../../sync/destinations/index.ts";
import { retryFailed } from "../../sync/relay.ts";
import { PostForm } from "../ui/forms.tsx";
import { html, seeOther } from "../ui/html.ts";
import { Page } from "../ui/layout.tsx";
import { ActionNotice, withNotice } from "../ui/notices.tsx";
import { DeliveryBadge, Empty, Moment, Paging, Tabs } from "../ui/parts.tsx";
import { callPath, withQuery } from "../ui/paths.ts";
import { type Column, Table } from "../ui/table.tsx";
import type { PageHandler, Viewer } from "../ui/viewer.ts";

const ROWS = 50;

/** The first is the one that people come here for. */
const states = z.enum(["failed", "pending", "delivered", "skipped", "all"]) satisfies z.ZodType<DeliveryState | "all">;

/** Which deliveries the page shows. */
const view = z.object({ state: states.default("failed"), destination: deliveryFilter.destination });
type View = z.output<typeof view>;

const words: Record<View["state"], string> = {
  failed: "Failed",
  pending: "On the way",
  delivered: "Delivered",
  skipped: "Skipped",
  all: "All",
};

/** `GET /deliveries`: lists the deliveries of a state, with their errors. */
export const showDeliveries: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readQuery(url, view.extend({ cursor: pageCursor.optional() }));
  if (!query.ok) return query.response;
  const { cursor: after, ...shown } = query.value;
  const { rows, next } = await listDeliveries(reader(env.DB), {
    state: shown.state === "all" ? undefined : shown.state,
    destination: shown.destination,
    after,
    limit: ROWS,
  });
  return html(
    <Page
      title="Deliveries"
      viewer={viewer}
      section="/deliveries"
      lead="Finished analytics on their way to the systems downstream."
      aside={
        shown.state === "failed" &&
        (rows.length > 0 || next !== undefined) && <SendAllAgain shown={shown} viewer={viewer} />
      }
    >
      <ActionNotice query={url.searchParams} />
      <Tabs
        label="State"
        tabs={states.options.map((state) => ({
          path: pathOf({ ...shown, state }),
          word: words[state],
          isCurrent: state === shown.state,
        }))}
      />
      {shown.destination && (
        <p class="actions">
          <span>
            Only those to <strong>{shown.destination}</strong>.
          </span>
          <a href={pathOf({ state: shown.state })}>Show all destinations</a>
        </p>
      )}
      <section class="sheet">
        {rows.length === 0 ? (
          <Nothing
            shown={shown}
            isSwitchedOn={configuredDestinations(env).length > 0}
            isFirst={after === undefined}
            hasNext={next !== undefined}
          />
        ) : (
          <DeliveryTable rows={rows} shown={shown} viewer={viewer} />
        )}
      </section>
      <Paging
        first={after && pathOf(shown)}
        next={next && pathOf(shown, next)}
        fewerOf={rows.length < ROWS && "deliveries"}
      />
    </Page>,
  );
};

/** `POST /deliveries/retry`: sends failed deliveries again: one, those to one destination, or all. */
export const retryDeliveries: PageHandler = async (request, _viewer, env) => {
  const shown = readQuery(new URL(request.url), view);
  if (!shown.ok) return shown.response;
  const which = await readForm(request, z.object(deliveryFilter));
  if (!which.ok) return which.response;
  const { retried, more } = await retryFailed(env.DB, env.SYNC_QUEUE, which.value, new Date());
  return seeOther(withNotice(pathOf(shown.value), more ? "sent-some-again" : "sent-again", retried));
};

function pathOf(shown: View, next?: Place): string {
  return withQuery("/deliveries", { ...shown, cursor: writePageCursor(next) ?? undefined });
}

/** The address of the action carries the view, so that the page shows the same view after it. */
function retryPath(shown: View): string {
  return withQuery("/deliveries/retry", shown);
}

const nothing: Record<View["state"], [title: string, text: string]> = {
  failed: ["Nothing has failed", "Every delivery has arrived or is still on the way."],
  pending: ["Nothing is on the way", "Every delivery has arrived or has failed."],
  delivered: ["Nothing has been delivered yet", "A delivery sets out when the analytics of a call are finished."],
  skipped: ["Nothing was skipped", "No destination has turned a call down."],
  all: ["There are no deliveries yet", "One sets out when the analytics of a call are finished."],
};

interface NothingProps {
  shown: View;
  isSwitchedOn: boolean;
  /** Whether this is the first page, and whether there are deliveries that were not looked at. */
  isFirst: boolean;
  hasNext: boolean;
}

function Nothing({ shown, isSwitchedOn, isFirst, hasNext }: NothingProps) {
  if (hasNext) return <Empty title="None so far" />;
  if (!isFirst) return <Empty title="These were all" />;
  const [title, text] = nothing[shown.state];
  return (
    <Empty title={title}>{isSwitchedOn ? text : "There is no system downstream: the setting SYNC_URL is empty."}</Empty>
  );
}

interface DeliveryTableProps {
  rows: readonly DeliveryRow[];
  shown: View;
  viewer: Viewer;
}

function DeliveryTable({ rows, shown, viewer }: DeliveryTableProps) {
  const columns: Column<DeliveryRow>[] = [
    { name: "Call", cell: ({ call_id }) => <a href={callPath(call_id)}>{call_id}</a> },
    { name: "State", cell: ({ state }) => <DeliveryBadge state={state} word={words[state]} /> },
    {
      name: "To",
      cell: ({ destination }) => (
        <a class="keep" href={pathOf({ ...shown, destination })}>
          {destination}
        </a>
      ),
    },
    { name: "Attempts", kind: "number", cell: ({ attempts }) => attempts },
    { name: "Last error", cell: ({ last_error }) => last_error },
    { name: "Updated", cell: ({ updated_at }) => <Moment at={updated_at} viewer={viewer} /> },
  ];
  if (rows.some(({ state }) => state === "failed")) {
    columns.push({
      name: "Action",
      kind: "action",
      cell: (row) => row.state === "failed" && <SendAgain row={row} shown={shown} viewer={viewer} />,
    });
  }
  return <Table caption="Deliveries" rows={rows} columns={columns} />;
}

function SendAgain({ row, shown, viewer }: { row: DeliveryRow; shown: View; viewer: Viewer }) {
  const { call_id, event_id, destination } = row;
  return (
    <PostForm action={retryPath(shown)} viewer={viewer} fields={{ call_id, event_id, destination }}>
      <button type="submit" aria-label={`Send again: ${call_id}`}>
        Send again
      </button>
    </PostForm>
  );
}

function SendAllAgain({ shown, viewer }: { shown: View; viewer: Viewer }) {
  return (
    <PostForm action={retryPath(shown)} viewer={viewer} fields={{ destination: shown.destination }}>
      <button type="submit" class="main">
        Send all failed again
      </button>
    </PostForm>
  );
}
