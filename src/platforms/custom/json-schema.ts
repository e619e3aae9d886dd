import * as z from "zod";
import { customEvent } from "./payload.ts";
import { speechTurn, toolTurn } from "./transcript.ts";

/** An hour: it changes with a deployment only. */
const MAX_AGE_SECONDS = 60 * 60;

/** The JSON Schema of the bodies that are taken. */
export function customJsonSchema() {
  const options = { io: "input", unrepresentable: "any" } as const;
  const { $schema, ...turn } = z.toJSONSchema(z.union([toolTurn, speechTurn]), options);
  return z.toJSONSchema(customEvent.meta({ title: "An event of a call, for POST /webhooks/custom" }), {
    ...options,
    // A transcript is checked by hand, being long: the schema of its turns stands beside it.
    override: ({ jsonSchema }) => {
      if (jsonSchema.items !== undefined) Object.assign(jsonSchema, { type: "array", items: turn });
    },
  });
}

/** `GET /webhooks/custom/schema.json`, for anyone. */
export function customSchema(): Response {
  return new Response(JSON.stringify(customJsonSchema()), {
    headers: {
      "Content-Type": "application/schema+json",
      "Cache-Control": `public, max-age=${MAX_AGE_SECONDS}`,
      "X-Content-Type-Options": "nosniff",
    },
  });
}
