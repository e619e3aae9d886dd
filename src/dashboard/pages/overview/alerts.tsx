import type { AlertRow } from "../../../alerts/state.ts";
import { type AlertName, thresholds } from "../../../alerts/thresholds.ts";
import { Notice } from "../../ui/notices.tsx";
import { Moment } from "../../ui/parts.tsx";
import type { Viewer } from "../../ui/viewer.ts";

/** The pages that show what an alert is about. */
const pages: { [alert in AlertName]?: string } = {
  quarantined: "/quarantine",
  "deliveries-failed": "/deliveries?state=failed",
  "deliveries-overdue": "/deliveries?state=pending",
};

/** Shows which alerts are open, since when, and where to look. */
export function OpenAlerts({ alerts, viewer }: { alerts: readonly AlertRow[]; viewer: Viewer }) {
  if (alerts.length === 0) return null;
  return (
    <Notice tone="bad">
      {alerts.map(({ alert, since }) => (
        <p>
          {thresholds[alert].title}, since <Moment at={since} viewer={viewer} />.
          {pages[alert] !== undefined && (
            <>
              {" "}
              <a href={pages[alert]}>Look</a>
            </>
          )}
        </p>
      ))}
    </Notice>
  );
}
