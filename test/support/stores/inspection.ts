import * as z from "zod";
import { listObjects } from "./objects.ts";

/** The Worker of `faulty-ledger.ts` answers questions about its stores here, past the faults. */
export const INSPECTION_PATH = "/inspection";

const questionSchema = z.union([
  z.object({ sql: z.string(), values: z.array(z.string()) }),
  z.object({ prefix: z.string() }),
  z.object({ key: z.string() }),
]);

export type Question = z.infer<typeof questionSchema>;

/** An R2 object without its bytes; `sha256`, of what identifies the body in it, and `version` as its metadata has them. */
export interface ListedObject {
  key: string;
  sha256: string | undefined;
  version: string | undefined;
}

/**
 * Answers a question about the stores from inside the runtime: a second runtime on the same files finds them locked all
 * the time while the first one is busy.
 */
export async function inspect(request: Request, { DB, ARCHIVE }: Env): Promise<Response> {
  const question = questionSchema.parse(await request.json());
  if ("sql" in question) {
    const { results } = await DB.prepare(question.sql)
      .bind(...question.values)
      .all();
    return Response.json(results);
  }
  if ("prefix" in question) return Response.json((await listObjects(ARCHIVE, question.prefix)).map(listed));
  const object = await ARCHIVE.get(question.key);
  return new Response(object?.body ?? null, { status: object === null ? 404 : 200 });
}

function listed({ key, customMetadata: { identity, sha256, version } = {} }: R2Object): ListedObject {
  return { key, sha256: identity ?? sha256, version };
}
