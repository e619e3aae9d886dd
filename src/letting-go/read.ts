import * as z from "zod";
import { type CallDetails, readCall, readCallRow } from "../ledger/calls.ts";
import type { RecordingRow } from "../ledger/recordings.ts";
import { type CallRow, callRow, deliveryRow, eventRow, type LedgerReader, toolCallRow } from "../ledger/schema.ts";
import { hasLeft } from "./batch.ts";
import { type CallRecord, readRecord } from "./record.ts";

/** A call with all its rows, from wherever they are. */
export interface FoundCall extends CallDetails {
  /** Present if the call left D1. */
  left?: {
    /** How far the copy of its recording is; null when none was asked for. */
    recording: RecordingRow | null;
  };
}

/** A database and the archive, for reading. */
interface ReadStores {
  db: LedgerReader;
  bucket: R2Bucket;
}

/**
 * Reads a call with its tool calls, events and deliveries, from D1 or from its `record.json`; `undefined` if there is none of this id.
 * @param limit of events and of deliveries
 */
export async function findCall(
  callId: string,
  { db, bucket }: ReadStores,
  limit?: number,
): Promise<FoundCall | undefined> {
  const details = await readCall(db, callId, limit);
  if (details !== undefined) return details;
  const record = await readLeft(callId, { db, bucket });
  if (record === undefined) return undefined;
  const { call, tool_calls, events, sync_deliveries, recording } = record;
  // Without the columns for the ledger's own use.
  return {
    call: callRow.parse(call),
    tool_calls: z.array(toolCallRow).parse(tool_calls),
    events: z.array(eventRow).parse(events.slice(0, limit)),
    deliveries: z.array(deliveryRow).parse(sync_deliveries.slice(0, limit)),
    left: { recording },
  };
}

/** Reads the R2 keys of a call's transcript and recording; `undefined` if there is no call of this id. */
export async function findArchived(
  callId: string,
  { db, bucket }: ReadStores,
): Promise<Pick<CallRow, "transcript_key" | "recording_key"> | undefined> {
  return (await readCallRow(db, callId)) ?? (await readLeft(callId, { db, bucket }))?.call;
}

async function readLeft(callId: string, { db, bucket }: ReadStores): Promise<CallRecord | undefined> {
  return (await hasLeft(db, callId)) ? readRecord(bucket, callId) : undefined;
}
