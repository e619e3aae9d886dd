import { insertRows, nextCall, putBody } from "./stored.ts";

/** Right after the row of the call, in one transaction. */
const INSERT_WORDS = "INSERT INTO ledger_search_index (rowid, text) VALUES (last_insert_rowid(), ?1)";

/**
 * What cannot be saved when words are searched: the same as `store-only.ts`, a look into the body for its words, and these into
 * the index. It checks nothing, and knows one format and one form of every character.
 */
export default {
  async fetch(request, { DB, ARCHIVE }): Promise<Response> {
    const call = nextCall();
    const body = await request.arrayBuffer();
    const words = DB.prepare(INSERT_WORDS).bind(wordsOf(body));
    await Promise.all([putBody(ARCHIVE, call, body), DB.batch([...insertRows(DB, call), words])]);
    return Response.json({ status: "stored" });
  },
} satisfies ExportedHandler<Env>;

const utf8 = new TextDecoder();

function wordsOf(body: ArrayBuffer): string {
  const { transcript }: { transcript: { content: string }[] } = JSON.parse(utf8.decode(body));
  return transcript.map(({ content }) => content).join("\n");
}
