import type { JsonObject } from "../events/event.ts";
import { isJsonObject } from "../events/fields.ts";
import { formats } from "./formats.ts";

/** One turn of a conversation, as far as the platform told it. */
export interface Turn {
  /** `agent` and `user`, on the platforms known so far; free text. */
  role: string | null;
  content: string;
  /** Free text: the payload page shows "..." where the platform sends ISO 8601. */
  timestamp: string | null;
}

/** What was said, in order, read out of a `call.end` body of any format. Turns without words are left out. */
export function turnsOf(body: JsonObject): Turn[] {
  for (const format of formats) {
    const turns = format.transcript?.(body);
    if (Array.isArray(turns)) return turns.flatMap(turnOf);
  }
  return [];
}

function turnOf(turn: unknown): Turn[] {
  if (!isJsonObject(turn) || typeof turn["content"] !== "string" || turn["content"].trim() === "") return [];
  return [{ role: textOf(turn["role"]), content: turn["content"], timestamp: textOf(turn["timestamp"]) }];
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
