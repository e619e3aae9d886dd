import * as z from "zod";
import { countSpoken, MAX_TOOL_MS, speechOf } from "../../events/conversation.ts";
import { type JsonObject, type ToolTurn, type Turn, toolStatus } from "../../events/event.ts";
import { fieldErrors, turnList } from "../../events/fields.ts";

const freeTime = z.string().nullish().describe("free text; ISO 8601 where it is to be compared with other times");

export const speechTurn = z.object({
  kind: z.literal("speech").nullish(),
  role: z.string().nullish().describe("agent, user, or another word"),
  content: z.string().nullish().describe("what was said; a turn without words is left out"),
  timestamp: freeTime,
  ended_at: freeTime,
});

export const toolTurn = z.object({
  kind: z.literal("tool"),
  name: z.string().regex(/\S/, "must not be blank"),
  arguments: z.unknown().optional().describe("any JSON"),
  result: z.unknown().optional().describe("any JSON"),
  status: toolStatus.nullish(),
  timestamp: freeTime.describe("when the agent called it"),
  duration_ms: z.number().min(0, "must not be negative").max(MAX_TOOL_MS, "must not be longer than a day").nullish(),
});

const kinds: ReadonlySet<unknown> = new Set([undefined, null, "speech", "tool"]);

/** Errors reported of one transcript. */
const MAX_ERRORS = 100;

/** Schema of turns in the form of `GET /api/calls/{call_id}/transcript`. Checks types; of tool calls, which are few, also values. */
const turns = turnList({
  kind: "string",
  role: "string",
  content: "string",
  timestamp: "string",
  ended_at: "string",
  name: "string",
  status: "string",
  duration_ms: "number",
}).transform((list, context) => {
  for (let index = 0; index < list.length && context.issues.length < MAX_ERRORS; index++) {
    const [issue] = errorsOf(list[index]);
    if (issue)
      context.issues.push({ code: "custom", input: list[index], path: [index, issue.path], message: issue.message });
  }
  return list;
});

function errorsOf(turn: JsonObject | undefined) {
  if (!kinds.has(turn?.["kind"])) return [{ path: "kind", message: "must be speech or tool" }];
  if (turn?.["kind"] !== "tool") return [];
  const { error } = toolTurn.safeParse(turn);
  return error === undefined ? [] : fieldErrors(error);
}

/** Schema of a transcript, read as the number of its spoken turns. */
export const transcript = turns.transform((list) => countSpoken(list.flatMap(turnOf)));

/** Returns the turns in a body; empty if there are none. */
export function turnsInBody({ transcript }: JsonObject): Turn[] {
  const parsed = turns.safeParse(transcript);
  return parsed.success ? parsed.data.flatMap(turnOf) : [];
}

function turnOf(turn: JsonObject): Turn[] {
  if (turn["kind"] !== "tool") return speechOf(turn);
  const parsed = toolTurn.safeParse(turn);
  if (!parsed.success) return [];
  const {
    name,
    arguments: given = null,
    result = null,
    status = null,
    timestamp = null,
    duration_ms = null,
  } = parsed.data;
  const tool: ToolTurn = { kind: "tool", name, arguments: given, result, status, timestamp, duration_ms };
  return [tool];
}
