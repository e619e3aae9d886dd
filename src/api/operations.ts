import { sendTestAlerts } from "./alerts.ts";
import { getCall, getTranscript } from "./call.ts";
import { exportCalls, getCalls } from "./calls.ts";
import { getDeliveries, getFailures, retryDeliveries } from "./deliveries.ts";
import { eraseCall, eraseCaller, getJob, previewErasure } from "./erasure.ts";
import type { Operation } from "./operation.ts";
import { getParked } from "./parked.ts";
import { getQuarantine, replayQuarantined } from "./quarantine.ts";
import { getRecording } from "./recording.ts";
import { indexTranscripts } from "./search.ts";
import { getStats } from "./stats.ts";

/** Every operation of the API: the routes and the OpenAPI document are made from this list. */
export const operations: readonly Operation[] = [
  getCalls,
  exportCalls,
  getCall,
  getTranscript,
  getRecording,
  eraseCall,
  eraseCaller,
  previewErasure,
  getJob,
  getStats,
  getDeliveries,
  getFailures,
  retryDeliveries,
  getQuarantine,
  replayQuarantined,
  getParked,
  indexTranscripts,
  sendTestAlerts,
];
