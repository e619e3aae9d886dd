import { formatTime } from "./times.ts";
import type { Viewer } from "./viewer.ts";

/** A moment in the viewer's zone. */
export function Moment({ at, viewer }: { at: string; viewer: Viewer }) {
  return (
    <time class="keep" datetime={at}>
      {formatTime(at, viewer.timeZone, "moment")}
    </time>
  );
}
