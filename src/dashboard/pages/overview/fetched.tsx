import type { FetchState } from "../../../fetching/state.ts";
import { counted } from "../../ui/numbers.ts";
import { Badge, Moment, Row, Sheet } from "../../ui/parts.tsx";
import type { Viewer } from "../../ui/viewer.ts";

/** The newest run of each platform whose missed calls are fetched. */
export function Fetched({ states, viewer }: { states: readonly FetchState[]; viewer: Viewer }) {
  if (states.length === 0) return null;
  return (
    <Sheet title="Missed calls" note="fetched from the platforms every quarter of an hour">
      <ul class="rows">
        {states.map((state) => (
          <Row aside={<RunBadge {...state} />}>
            <strong>{state.platform}</strong>
            <span class="small soft">
              {state.missed_at === null ? (
                "none so far"
              ) : (
                <>
                  {counted(state.missed, "call")} at <Moment at={state.missed_at} viewer={viewer} />
                </>
              )}
              {state.failing_since !== null && (
                <>
                  {" · fails since "}
                  <Moment at={state.failing_since} viewer={viewer} />: {state.reason}
                </>
              )}
            </span>
          </Row>
        ))}
      </ul>
    </Sheet>
  );
}

function RunBadge({ status, failing_since }: FetchState) {
  if (failing_since !== null) return <Badge tone="bad">fails</Badge>;
  return status === "running" ? <Badge>under way</Badge> : <Badge tone="good">complete</Badge>;
}
