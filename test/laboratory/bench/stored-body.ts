import * as z from "zod";

/** What the stores have of one body, in the form in which `workers/store-rows.ts` takes it. */
export const storedBody = z.object({
  callId: z.string(),
  /** A statement each, with its values. */
  rows: z.array(z.object({ insert: z.string(), values: z.array(z.union([z.string(), z.number()])) })),
  httpMetadata: z.record(z.string(), z.string()),
  customMetadata: z.record(z.string(), z.string()),
});

export type StoredBody = z.infer<typeof storedBody>;
