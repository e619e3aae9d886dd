import * as z from "zod";
import { conversationText, readTranscript } from "../archive/transcripts.ts";
import { type Turn, toolStatus } from "../events/event.ts";
import { cursorOf, writeCursor } from "../http/cursor.ts";
import { callQuery, nothing, operation } from "../http/operation.ts";
import { type Problem, problemResponse } from "../http/problem.ts";
import { deliveryRow, eventRow, reader, toolCallRow, withJson } from "../ledger/schema.ts";
import { findArchived, findCall } from "../letting-go/read.ts";
import { callAnswer } from "./calls.ts";

/** `GET /api/calls/{call_id}`: a call with its tool calls, events and deliveries. */
export const getCall = operation({
  method: "get",
  path: "/calls/{call_id}",
  summary: "A call, the tools it called, its events and its deliveries",
  query: callQuery.extend({
    payloads: z.enum(["true", "false"]).default("true").describe("false: the events without their bodies"),
  }),
  body: nothing,
  answers: {
    "application/json": z.object({
      call: callAnswer,
      tool_calls: z.array(toolCallRow),
      events: z.array(
        eventRow.extend({ payload: z.unknown().describe("the body, without the transcript; null without payloads") }),
      ),
      deliveries: z.array(deliveryRow),
    }),
  },
  problems: [404],
  async perform({ parameter: callId, query: { payloads } }, env) {
    const details = await findCall(callId, { db: reader(env.DB), bucket: env.ARCHIVE });
    if (details === undefined) return unknownCall();
    const { call, tool_calls, events, deliveries } = details;
    const payload = (text: string | null): unknown => (text === null || payloads === "false" ? null : JSON.parse(text));
    return Response.json({
      call: withJson(call),
      tool_calls,
      events: events.map((event) => ({ ...event, payload: payload(event.payload) })),
      deliveries,
    });
  },
});

const timestamp = z.string().nullable().describe("free text, as the platform sent it");

const speechTurn = z.object({
  kind: z.literal("speech"),
  role: z.string().nullable().describe("agent, user, or another word of the platform"),
  content: z.string(),
  timestamp,
  ended_at: timestamp,
});

const toolTurn = z.object({
  kind: z.literal("tool"),
  name: z.string(),
  arguments: z.unknown().describe("JSON where it is JSON, else text; null when not known"),
  result: z.unknown().describe("JSON where it is JSON, else text; null when not known"),
  status: toolStatus.nullable(),
  timestamp,
  duration_ms: z.number().nullable(),
});

/** Characters of JSON after which a page of turns ends: some 10,000 tokens of a language model. */
const MAX_PAGE_CHARACTERS = 40_000;

/** The number of the turn after which a page begins, from 1. */
const turnCursor = cursorOf(z.tuple([z.number().int().min(1)]));

/** `GET /api/calls/{call_id}/transcript`: the conversation, as JSON or, with `Accept: text/plain`, for reading. */
export const getTranscript = operation({
  method: "get",
  path: "/calls/{call_id}/transcript",
  summary: "The conversation of a call, whole or page by page; with Accept: text/plain for reading",
  query: callQuery.extend({
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(`turns of a page, fewer once they have ${MAX_PAGE_CHARACTERS} characters; all turns when absent`),
    cursor: turnCursor.optional(),
  }),
  body: nothing,
  answers: {
    "application/json": z.object({
      call_id: z.string(),
      turns: z.array(z.discriminatedUnion("kind", [speechTurn, toolTurn])),
      next_cursor: z.string().nullable().describe("null: these are the last turns"),
    }),
    "text/plain": z.string(),
  },
  problems: [404],
  async perform({ parameter: call_id, query: { limit, cursor: [start] = [0] }, request }, env) {
    const call = await findArchived(call_id, { db: reader(env.DB), bucket: env.ARCHIVE });
    if (call === undefined) return unknownCall();
    const { transcript_key: key } = call;
    if (key === null) return missing("no-transcript", "No transcript", "The call has not ended, or had none.");
    const archived = await readTranscript(env.ARCHIVE, key);
    if (archived === undefined) return missing("no-transcript", "No transcript", "Its object is not in the archive.");

    const turns = pageOfTurns(archived.turns, start, limit);
    const end = start + turns.length;
    const next_cursor = end < archived.turns.length ? writeCursor(end) : null;
    const headers = { Vary: "Accept" };
    if (!prefersText(request)) return Response.json({ call_id, turns, next_cursor }, { headers });
    return new Response(conversationText(turns), {
      headers: { ...headers, "Content-Type": "text/plain; charset=utf-8" },
    });
  },
});

/** Returns all turns from a start on or, with a limit, so many, fewer once they have {@link MAX_PAGE_CHARACTERS}; one at the least. */
function pageOfTurns(turns: readonly Turn[], start: number, limit: number | undefined): readonly Turn[] {
  if (limit === undefined) return turns.slice(start);
  const page = turns.slice(start, start + limit);
  let characters = 0;
  const end = page.findIndex((turn, index) => {
    characters += JSON.stringify(turn).length;
    return index > 0 && characters > MAX_PAGE_CHARACTERS;
  });
  return end === -1 ? page : page.slice(0, end);
}

/** Returns whether a request asks for text by name, and not for JSON, as a person at a terminal does. */
function prefersText(request: Request): boolean {
  const accepted = (request.headers.get("Accept") ?? "").toLowerCase();
  return accepted.includes("text/plain") && !accepted.includes("application/json");
}

export function unknownCall(): Response {
  return missing("unknown-call", "Unknown call", "There is no call of this id.");
}

function missing(type: Problem["type"], title: string, detail: string): Response {
  return problemResponse({ status: 404, type, title, detail });
}
