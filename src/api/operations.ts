import type { Operation } from "../http/operation.ts";
import { getCall, getTranscript } from "../reading/call.ts";
import { exportCalls, getCalls } from "../reading/calls.ts";
import { getStats } from "../reading/stats.ts";
import { sendTestAlerts } from "./alerts.ts";
import { getDeliveries, getFailures, previewRetry, retryDeliveries } from "./deliveries.ts";
import { eraseCall, eraseCaller, previewErasure } from "./erasure.ts";
import { getExportedFile, getExports } from "./exports.ts";
import { importCalls } from "./imports.ts";
import { getJob, stopSending } from "./jobs.ts";
import { getParked } from "./parked.ts";
import { discardQuarantined, getQuarantine, replayQuarantined } from "./quarantine.ts";
import { getRecording } from "./recording.ts";
import { indexTranscripts } from "./search.ts";

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
  importCalls,
  getJob,
  stopSending,
  getStats,
  getDeliveries,
  getFailures,
  retryDeliveries,
  previewRetry,
  getQuarantine,
  replayQuarantined,
  discardQuarantined,
  getParked,
  getExports,
  getExportedFile,
  indexTranscripts,
  sendTestAlerts,
];
