import {
  createMcpHandler,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { BRAND } from "../settings.ts";
import { callTool } from "./call-tool.ts";
import { answerSchema, argumentsSchema } from "./schemas.ts";
import { STRANGERS_TEXT, tools } from "./tools.ts";

/** What the tools do, for clients that ask before others only. */
const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

const registered = tools.map((tool) => ({
  tool,
  name: tool.name,
  config: {
    title: tool.title,
    description: tool.description,
    inputSchema: argumentsSchema(tool),
    outputSchema: answerSchema(tool),
    annotations,
  },
}));

/** Answers one message. Each has a server of its own: there are no sessions, and nothing is kept between messages. */
export async function serve(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const server = new McpServer(
    { name: "call-ledger", title: BRAND, version: "1" },
    { capabilities: { tools: { listChanged: false } }, instructions: STRANGERS_TEXT },
  );
  for (const { tool, name, config } of registered) {
    server.registerTool(name, config, (given) => callTool(tool, given, request, env, ctx));
  }
  if (!(await isLegacyRequest(request))) {
    return createMcpHandler(() => server, { legacy: "reject" }).fetch(request);
  }
  // Protocols before 2026, which the handler above would answer by a stream of a single event.
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  return transport.handleRequest(request);
}
