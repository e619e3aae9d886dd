import type { CallToolResult } from "@modelcontextprotocol/server";
import * as z from "zod";
import { invalidRequest } from "../http/input.ts";
import { parametersOf } from "../http/operation.ts";
import { failureResponse } from "../http/problem.ts";
import type { Tool } from "./tools.ts";

const answer = z.record(z.string(), z.unknown());
const problem = z.object({ title: z.string(), detail: z.string() });

/** Performs a tool's operation. Never rejects: what went wrong is a result that says so, for the assistant to read. */
export async function callTool(
  tool: Tool,
  given: Record<string, unknown>,
  request: Request,
  env: Env,
  ctx: ExecutionContext,
): Promise<CallToolResult> {
  const response = await perform(tool, given, request.url, env, ctx).catch((error: unknown) =>
    failureResponse(error, request),
  );
  const text = await response.text();
  if (!response.ok) {
    const { title, detail } = problem.parse(JSON.parse(text));
    return { isError: true, content: [{ type: "text", text: `${title}: ${detail}` }] };
  }
  // Clients of older protocols read the text.
  return { structuredContent: answer.parse(JSON.parse(text)), content: [{ type: "text", text }] };
}

async function perform(
  { operation, defaults }: Tool,
  given: Record<string, unknown>,
  url: string,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const query: Record<string, unknown> = { ...defaults, ...asInAddress(given) };
  // Whatever the client accepts: it is the protocol's message that it accepts, not this answer.
  const request = new Request(url, { headers: { Accept: "application/json" } });
  const [name] = parametersOf(operation.path);
  if (name === undefined) return operation.answer({ query, parameter: "", request }, env, ctx);
  const { [name]: parameter, ...rest } = query;
  if (typeof parameter !== "string") return invalidRequest([{ path: name, message: "is missing" }]);
  return operation.answer({ query: rest, parameter, request }, env, ctx);
}

/** Writes arguments as an address has them: numbers and booleans as text. Assistants write null or nothing for what is absent. */
function asInAddress(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== null && value !== "")
      .map(([name, value]) => [name, typeof value === "number" || typeof value === "boolean" ? String(value) : value]),
  );
}
