import type { FailureGroup, Failures } from "../../../ledger/undelivered.ts";
import { formatCount } from "../../ui/numbers.ts";
import { Moment, Sheet } from "../../ui/parts.tsx";
import { Table } from "../../ui/table.tsx";
import type { Viewer } from "../../ui/viewer.ts";
import { countedFailures, ErrorText, SendAgain } from "./parts.tsx";
import type { View } from "./query.ts";

interface FailureSheetProps {
  failures: Failures;
  shown: View;
  viewer: Viewer;
}

/** Why deliveries failed, and how many of each reason; a reason is sent again as a whole. */
export function FailureSheet({ failures: { count, more, groups }, shown, viewer }: FailureSheetProps) {
  if (groups.length === 0) return null;
  const { state: _, ...chosen } = shown;
  return (
    <Sheet title="Why they failed" note={`${countedFailures(count, more)}, by what the other side answered`}>
      <Table<FailureGroup>
        caption="Reasons, those with the most deliveries first"
        rows={groups}
        columns={[
          { name: "Reason", cell: ({ last_error }) => <ErrorText text={last_error ?? "no reason was recorded"} /> },
          { name: "To", cell: ({ destination }) => <bdi>{destination}</bdi> },
          { name: "Deliveries", kind: "number", cell: (group) => formatCount(group.count) },
          { name: "Newest event", cell: ({ newest }) => <Moment at={newest} viewer={viewer} /> },
          {
            name: "Action",
            kind: "action",
            cell: ({ destination, last_error }) =>
              last_error !== null && (
                <SendAgain
                  shown={shown}
                  viewer={viewer}
                  fields={{ ...chosen, destination, last_error }}
                  word="Send these again"
                />
              ),
          },
        ]}
      />
    </Sheet>
  );
}
