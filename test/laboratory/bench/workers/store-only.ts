import { insertRows, nextCall, putBody } from "./stored.ts";

/**
 * What cannot be saved: a body into R2 and two rows into D1, at the same time. It reads nothing, checks nothing, logs
 * nothing and answers the same to everyone, so no Worker that keeps an event is faster.
 */
export default {
  async fetch(request, { DB, ARCHIVE }): Promise<Response> {
    const call = nextCall();
    const body = await request.arrayBuffer();
    await Promise.all([putBody(ARCHIVE, call, body), DB.batch(insertRows(DB, call))]);
    return Response.json({ status: "stored" });
  },
} satisfies ExportedHandler<Env>;
