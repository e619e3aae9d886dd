import * as z from "zod";

/** Where the Worker of `faulty-ledger.ts` lets its stores be looked into, past the faults. */
export const INSPECTION_PATH = "/inspection";

const question = z.union([
  z.object({ sql: z.string(), values: z.array(z.string()) }),
  z.object({ prefix: z.string() }),
  z.object({ key: z.string() }),
]);

export type Question = z.infer<typeof question>;

/** An R2 object without its bytes; `sha256` as its metadata has it. */
export interface ListedObject {
  key: string;
  sha256: string | undefined;
}

/**
 * Answers a question about the stores from inside the runtime: a second runtime on the same files finds them locked all
 * the time while the first one is busy.
 */
export async function inspect(request: Request, { DB, ARCHIVE }: Env): Promise<Response> {
  const asked = question.parse(await request.json());
  if ("sql" in asked) {
    const { results } = await DB.prepare(asked.sql)
      .bind(...asked.values)
      .all();
    return Response.json(results);
  }
  if ("prefix" in asked) return Response.json(await listObjects(ARCHIVE, asked.prefix));
  const object = await ARCHIVE.get(asked.key);
  return new Response(object?.body ?? null, { status: object === null ? 404 : 200 });
}

async function listObjects(bucket: R2Bucket, prefix: string): Promise<ListedObject[]> {
  const listed: ListedObject[] = [];
  let cursor: string | undefined;
  do {
    const page: R2Objects = await bucket.list({ prefix, include: ["customMetadata"], ...(cursor && { cursor }) });
    listed.push(...page.objects.map(({ key, customMetadata }) => ({ key, sha256: customMetadata?.["sha256"] })));
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return listed;
}
