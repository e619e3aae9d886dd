import type { ListedDelivery } from "../../../ledger/undelivered.ts";
import { DeliveryBadge, Moment, startOf } from "../../ui/parts.tsx";
import { callPath } from "../../ui/paths.ts";
import { type Column, Table } from "../../ui/table.tsx";
import type { Viewer } from "../../ui/viewer.ts";
import { ErrorText, SendAgain } from "./parts.tsx";
import { pathOf, type View, words } from "./query.ts";

const FIELD_CHARACTERS = 80;

interface DeliveryTableProps {
  rows: readonly ListedDelivery[];
  shown: View;
  viewer: Viewer;
}

/** Deliveries as a table: what each is about, where it goes, and how it fares. */
export function DeliveryTable({ rows, shown, viewer }: DeliveryTableProps) {
  const columns: Column<ListedDelivery>[] = [
    {
      name: "Event",
      cell: ({ occurred_at, event }) => (
        <>
          <Moment at={occurred_at} viewer={viewer} />
          <span class="clamped small soft">{event}</span>
        </>
      ),
    },
    { name: "Call", cell: (row) => <Call row={row} /> },
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
    { name: "Last error", cell: ({ last_error }) => last_error !== null && <ErrorText text={last_error} /> },
    { name: "Updated", cell: ({ updated_at }) => <Moment at={updated_at} viewer={viewer} /> },
  ];
  if (rows.some(({ next_attempt_at }) => next_attempt_at !== null)) {
    columns.push({
      name: "Next attempt",
      cell: ({ next_attempt_at }) => next_attempt_at !== null && <Moment at={next_attempt_at} viewer={viewer} />,
    });
  }
  if (rows.some(({ state }) => state === "failed")) {
    columns.push({
      name: "Action",
      kind: "action",
      cell: ({ state, call_id, event, event_id, destination }) =>
        state === "failed" && (
          <SendAgain
            shown={shown}
            viewer={viewer}
            fields={{ call_id, event, event_id, destination }}
            label={`Send again: ${call_id}`}
          />
        ),
    });
  }
  return <Table caption="Deliveries, the newest event first" rows={rows} columns={columns} />;
}

function Call({ row: { call_id, caller_phone, agent_id } }: { row: ListedDelivery }) {
  return (
    <>
      <a href={callPath(call_id)}>{call_id}</a>
      <span class="clamped small soft">
        {caller_phone !== null && (
          <>
            <bdi>{startOf(caller_phone, FIELD_CHARACTERS)}</bdi> ·{" "}
          </>
        )}
        <bdi>{startOf(agent_id, FIELD_CHARACTERS)}</bdi>
      </span>
    </>
  );
}
