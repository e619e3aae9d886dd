/**
 * What cannot be saved: a body into R2 and two rows into D1, at the same time. It reads nothing, checks nothing and
 * answers the same to everyone, so it is as fast as any Worker that keeps an event can be.
 */
export default {
  async fetch(request, { DB, ARCHIVE }): Promise<Response> {
    const id = crypto.randomUUID();
    const now = new Date().toISOString();
    await Promise.all([
      ARCHIVE.put(id, await request.arrayBuffer()),
      DB.batch([
        DB.prepare(
          "INSERT INTO calls (call_id, status, updated_at, first_received_at, sources) VALUES (?1, 'ended', ?2, ?2, '{}')",
        ).bind(id, now),
        DB.prepare(
          `INSERT INTO events (event_id, call_id, agent_id, event, occurred_at, received_at, format, payload)
           VALUES (?1, ?1, 'agent', 'call.end', ?2, ?2, 'none', '{}')`,
        ).bind(id, now),
      ]),
    ]);
    return Response.json({ status: "stored" });
  },
} satisfies ExportedHandler<Env>;
