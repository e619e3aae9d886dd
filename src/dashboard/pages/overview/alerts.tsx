import type { AlertRow } from "../../../alerts/state.ts";
import { thresholds } from "../../../alerts/thresholds.ts";
import { Notice } from "../../ui/notices.tsx";
import { Moment } from "../../ui/parts.tsx";
import type { Viewer } from "../../ui/viewer.ts";

/** Says which alerts are open, and since when. */
export function OpenAlerts({ alerts, viewer }: { alerts: readonly AlertRow[]; viewer: Viewer }) {
  if (alerts.length === 0) return null;
  return (
    <Notice tone="bad">
      {alerts.map(({ alert, since }) => (
        <p>
          {thresholds[alert].title}, since <Moment at={since} viewer={viewer} />.
        </p>
      ))}
    </Notice>
  );
}
