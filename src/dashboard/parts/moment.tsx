import { formatTime, type TimeFormat } from "../times.ts";
import type { Viewer } from "../viewer.ts";

interface MomentProps {
  /** ISO 8601 UTC. */
  at: string;
  viewer: Viewer;
  format?: TimeFormat;
}

/** A moment in the viewer's zone, for people and for machines. */
export function Moment({ at, viewer, format = "moment" }: MomentProps) {
  return (
    <time class="keep" datetime={at}>
      {formatTime(at, viewer.timeZone, format)}
    </time>
  );
}
