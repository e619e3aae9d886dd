import { type StoredBody, storedBody } from "../stored-body.ts";

/**
 * What cannot be saved of any body: its bytes into R2 and as many rows into D1, at the same time. It is given what the ledger
 * stores of one such body, and stores it again and again under new ids; it reads nothing and checks nothing.
 */
export default {
  async fetch(request, { DB, ARCHIVE, ...env }): Promise<Response> {
    const { callId, rows, httpMetadata, customMetadata } = bodyOf(env);
    const call_id = crypto.randomUUID();
    const ofCall = (value: string | number) => (typeof value === "string" ? value.replaceAll(callId, call_id) : value);
    const body = await request.arrayBuffer();
    await Promise.all([
      ARCHIVE.put(`calls/${call_id}/transcript.json`, body, { httpMetadata, customMetadata }),
      DB.batch(rows.map(({ insert, values }) => DB.prepare(insert).bind(...values.map(ofCall)))),
    ]);
    return Response.json({ status: "stored" });
  },
} satisfies ExportedHandler<Env>;

let body: StoredBody | undefined;

function bodyOf(env: object): StoredBody {
  body ??= storedBody.parse(JSON.parse(String(Reflect.get(env, "STORED_BODY"))));
  return body;
}
