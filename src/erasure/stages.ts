import { eraseWords } from "../ledger/search-index.ts";
import {
  CALLS_A_STEP,
  type Erased,
  type ErasureStores,
  eraseCalls,
  eraseCallsOfNumber,
  eraseCallsOfWaiting,
  eraseWaiting,
  nothingErased,
} from "./steps.ts";
import type { Subject } from "./subject.ts";
import type { WaitingPosition } from "./waiting.ts";

/** Where an erasure is: which kind of step comes next, and where it goes on. JSON, since an instance hands it to the next. */
export type Stage =
  | { kind: "named calls"; from: number }
  | { kind: "calls of the number" }
  | { kind: "calls that waiting bodies name"; at: WaitingPosition }
  | { kind: "waiting bodies"; at: WaitingPosition }
  | { kind: "words" };

export const firstStage: Stage = { kind: "named calls", from: 0 };

/** How one step ended. */
export interface StepResult {
  erased: Erased;
  callIds?: string[];
  /** Absent after the last step. */
  next?: Stage;
}

/** Performs one step of an erasure. Safe to repeat. */
export async function performStage(stage: Stage, subject: Subject, stores: ErasureStores): Promise<StepResult> {
  const { call_ids, digits } = subject;
  switch (stage.kind) {
    case "named calls": {
      const callIds = call_ids.slice(stage.from, stage.from + CALLS_A_STEP);
      const erased = await eraseCalls(callIds, stores);
      const isLast = callIds.length < CALLS_A_STEP;
      return { erased, callIds, next: isLast ? afterNamed(subject) : { ...stage, from: stage.from + CALLS_A_STEP } };
    }
    case "calls of the number": {
      if (digits === undefined) return { erased: nothingErased };
      const { erased, callIds } = await eraseCallsOfNumber(digits, stores);
      const next: Stage = { kind: "calls that waiting bodies name", at: { source: 0 } };
      return { erased, callIds, next: callIds.length > 0 ? stage : next };
    }
    case "calls that waiting bodies name": {
      if (digits === undefined) return { erased: nothingErased };
      const { erased, callIds, next } = await eraseCallsOfWaiting({ ...subject, digits }, stage.at, stores);
      return { erased, callIds, next: next === undefined ? firstOfWaiting : { ...stage, at: next } };
    }
    case "waiting bodies": {
      const { erased, next } = await eraseWaiting(subject, stage.at, stores);
      return { erased, next: next === undefined ? { kind: "words" } : { ...stage, at: next } };
    }
    case "words": {
      const hasMore = await eraseWords(stores.db);
      return { erased: nothingErased, ...(hasMore && { next: stage }) };
    }
  }
}

const firstOfWaiting: Stage = { kind: "waiting bodies", at: { source: 0 } };

function afterNamed({ digits }: Subject): Stage {
  return digits === undefined ? firstOfWaiting : { kind: "calls of the number" };
}
