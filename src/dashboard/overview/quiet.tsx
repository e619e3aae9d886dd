import type { ListedCall } from "../../ledger/call-list.ts";
import { Empty } from "../parts/empty.tsx";
import { Moment } from "../parts/moment.tsx";
import { dayOf } from "../times.ts";
import type { Viewer } from "../viewer.ts";
import { weekPath } from "./addresses.ts";

/** Stands for the charts of a range without calls, and leads to where there are some. */
export function Quiet({ newest, viewer }: { newest: ListedCall | undefined; viewer: Viewer }) {
  return (
    <div class="sheet">
      <Empty title="No calls in this range">
        {newest !== undefined && (
          <p>
            The newest of all is of <Moment at={newest.called_at} viewer={viewer} />.{" "}
            <a href={weekPath(dayOf(new Date(newest.called_at), viewer.timeZone))}>Show the week up to it</a>
          </p>
        )}
      </Empty>
    </div>
  );
}
