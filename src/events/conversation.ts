import type { SpeechTurn, ToolStatus, ToolTurn, Turn } from "./event.ts";
import { instant, isJsonObject } from "./fields.ts";
import { MAX_LEVELS, measure } from "./received.ts";

/** An invocation of a tool, as the platform states it. */
export interface ToolInvocation {
  kind: "invocation";
  /** The id by which a result names its invocation. */
  id: unknown;
  name: unknown;
  arguments: unknown;
  /** Free text; the time of the invocation as far as the platform states it. */
  timestamp: string | null;
}

/** The answer of a tool, as the platform states it. */
export interface ToolResult {
  kind: "result";
  id: unknown;
  /** The name of the tool, for a result without an invocation, which counts as a call of its own. */
  name: unknown;
  result: unknown;
  status: ToolStatus | null;
  /** The time of the answer; null if the platform does not state it. */
  timestamp: string | null;
  /** As the platform measured it; null: the time between invocation and result, where both are stated. */
  duration_ms: number | null;
}

/** A day: whatever took longer was stated in another unit. */
export const MAX_TOOL_MS = 24 * 60 * 60 * 1000;

/** Values of arguments and results that are read as JSON in one conversation. What comes after them stays text. */
const MAX_TOOL_VALUES = 100_000;

/**
 * Joins each result to the invocation of its id; the last of several counts. What has no name is left out: it is no call that
 * anybody could look for.
 */
export function conversationOf(parts: readonly (SpeechTurn | ToolInvocation | ToolResult)[]): Turn[] {
  const turns: Turn[] = [];
  const open = new Map<unknown, ToolTurn>();
  let valuesLeft = MAX_TOOL_VALUES;
  const jsonOf = (value: unknown): unknown => {
    if (typeof value !== "string") return value ?? null;
    const { values, levels } = measure(new TextEncoder().encode(value));
    if (levels > MAX_LEVELS || values > valuesLeft) return value;
    valuesLeft -= values;
    try {
      return JSON.parse(value);
    } catch {
      return value;
    }
  };
  for (const part of parts) {
    if (part.kind === "speech") {
      turns.push(part);
      continue;
    }
    const invoked = part.kind === "result" ? open.get(part.id) : undefined;
    const turn = invoked ?? newTurn(part);
    if (turn === undefined) continue;
    if (invoked === undefined) turns.push(turn);
    if (part.kind === "invocation") {
      turn.arguments = jsonOf(part.arguments);
      if (isPresent(part.id)) open.set(part.id, turn);
    } else {
      turn.result = jsonOf(part.result);
      turn.status = part.status;
      turn.duration_ms = part.duration_ms ?? (invoked ? msBetween(invoked.timestamp, part.timestamp) : null);
    }
  }
  return turns;
}

function newTurn({ kind, name, timestamp: time }: ToolInvocation | ToolResult): ToolTurn | undefined {
  // A result tells when the tool ended, not when it began.
  const timestamp = kind === "invocation" ? time : null;
  if (typeof name !== "string" || name.trim() === "") return undefined;
  return { kind: "tool", name, arguments: null, result: null, status: null, timestamp, duration_ms: null };
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function msBetween(start: string | null, end: string | null): number | null {
  const [from, to] = [instant.safeParse(start).data, instant.safeParse(end).data];
  return from === undefined || to === undefined ? null : toolMs(Date.parse(to) - Date.parse(from));
}

/** Returns milliseconds, or null for what is no duration of a tool. */
export function toolMs(ms: unknown): number | null {
  return typeof ms === "number" && ms >= 0 && ms <= MAX_TOOL_MS ? ms : null;
}

/** Counts the spoken turns of a conversation; `undefined` if it has none. */
export function countSpoken(turns: readonly Turn[] | undefined): number | undefined {
  return turns?.filter(({ kind }) => kind === "speech").length;
}

/** Returns the spoken turns of a transcript in the common form, without those that have no words. */
export function turnsOf(transcript: unknown): SpeechTurn[] {
  return Array.isArray(transcript) ? transcript.flatMap(speechOf) : [];
}

/** Returns a spoken turn in the common form, or nothing if it has no words. */
export function speechOf(turn: unknown): SpeechTurn[] {
  if (!isJsonObject(turn) || typeof turn["content"] !== "string" || turn["content"].trim() === "") return [];
  const { role, content, timestamp, ended_at } = turn;
  return [
    {
      kind: "speech",
      role: textOrNull(role),
      content,
      timestamp: textOrNull(timestamp),
      ended_at: textOrNull(ended_at),
    },
  ];
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
