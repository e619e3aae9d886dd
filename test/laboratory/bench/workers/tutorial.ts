import { Hono } from "hono";
import { Webhook } from "standardwebhooks";
import { z } from "zod";

/** The same job the way tutorials do it: good libraries, and one step after the other. */
const app = new Hono<{ Bindings: Env }>();

const common = {
  timestamp: z.iso.datetime({ offset: true }),
  agent_id: z.string(),
  call_id: z.string(),
};

const eventSchema = z.discriminatedUnion("event", [
  z.object({
    event: z.literal("call.start"),
    ...common,
    call_direction: z.enum(["inbound", "outbound"]),
    caller_phone: z.string(),
    agent_phone: z.string(),
  }),
  z.object({
    event: z.literal("call.end"),
    ...common,
    duration_seconds: z.number(),
    disposition: z.string(),
    transcript: z.array(
      z.object({
        role: z.string(),
        content: z.string(),
        timestamp: z.string(),
      }),
    ),
    variables: z.record(z.string(), z.unknown()),
  }),
  z.object({
    event: z.literal("analytics.completed"),
    ...common,
    metrics: z.record(z.string(), z.unknown()),
  }),
]);

const messageSchema = z.object({ event_id: z.string(), call_id: z.string() });

/** What the ledger's tables insist on, and this Worker has no use for. */
const NOT_USED = "";

app.post("/webhooks/atoms", async (c) => {
  const body = await c.req.text();
  if (!(await verify(body, c.req.header("X-Signature") ?? "", c.env.ATOMS_WEBHOOK_SECRETS))) {
    return c.json({ error: "invalid signature" }, 401);
  }
  const parsed = eventSchema.safeParse(JSON.parse(body));
  if (!parsed.success) return c.json({ error: parsed.error.issues }, 422);
  const event = parsed.data;
  const id = `${event.call_id}:${event.event}`;
  const now = new Date().toISOString();

  const seen = await c.env.DB.prepare("SELECT 1 FROM events WHERE call_id = ? AND event = ? AND event_id = ?")
    .bind(event.call_id, event.event, id)
    .first();
  if (seen !== null) return c.json({ status: "duplicate" });

  // Before its event, which names it.
  await upsertCall(c.env.DB, event, now);
  const { transcript, ...payload } = "transcript" in event ? event : { ...event, transcript: undefined };
  await c.env.DB.prepare(
    `INSERT INTO events (call_id, event, event_id, agent_id, occurred_at, received_at, format, payload, ledger_sha256, ledger_ingest_id)
     VALUES (?, ?, ?, ?, ?, ?, 'documented', ?, ?, ?)`,
  )
    .bind(
      event.call_id,
      event.event,
      id,
      event.agent_id,
      event.timestamp,
      now,
      JSON.stringify(payload),
      NOT_USED,
      NOT_USED,
    )
    .run();
  if (transcript !== undefined) {
    await c.env.ARCHIVE.put(`calls/${event.call_id}/transcript.json`, body);
  }
  if (event.event === "analytics.completed") {
    await c.env.DB.prepare(
      `INSERT INTO sync_deliveries (call_id, event, event_id, destination, state, occurred_at, attempts, updated_at)
       VALUES (?, ?, ?, 'webhook', 'pending', ?, 0, ?)`,
    )
      .bind(event.call_id, event.event, id, event.timestamp, now)
      .run();
    await c.env.SYNC_QUEUE.send({ event_id: id, call_id: event.call_id });
  }
  return c.json({ status: "stored" });
});

async function upsertCall(db: D1Database, event: z.infer<typeof eventSchema>, now: string): Promise<void> {
  const { call_id, agent_id, timestamp } = event;
  switch (event.event) {
    case "call.start":
      await db
        .prepare(
          `INSERT INTO calls (call_id, platform, agent_id, status, call_direction, caller_phone, agent_phone,
             started_at, updated_at, ledger_first_received_at, ledger_column_versions)
           VALUES (?1, 'atoms', ?2, 'active', ?3, ?4, ?5, ?6, ?7, ?7, '{}')
           ON CONFLICT (call_id) DO UPDATE SET started_at = excluded.started_at, updated_at = excluded.updated_at`,
        )
        .bind(call_id, agent_id, event.call_direction, event.caller_phone, event.agent_phone, timestamp, now)
        .run();
      return;
    case "call.end":
      await db
        .prepare(
          `INSERT INTO calls (call_id, platform, agent_id, status, ended_at, duration_seconds, disposition,
             variables, updated_at, ledger_first_received_at, ledger_column_versions)
           VALUES (?1, 'atoms', ?2, 'ended', ?3, ?4, ?5, ?6, ?7, ?7, '{}')
           ON CONFLICT (call_id) DO UPDATE SET status = 'ended', ended_at = excluded.ended_at,
             duration_seconds = excluded.duration_seconds, disposition = excluded.disposition,
             variables = excluded.variables, updated_at = excluded.updated_at`,
        )
        .bind(
          call_id,
          agent_id,
          timestamp,
          event.duration_seconds,
          event.disposition,
          JSON.stringify(event.variables),
          now,
        )
        .run();
      return;
    case "analytics.completed":
      await db
        .prepare(
          `INSERT INTO calls (call_id, platform, agent_id, status, analyzed_at, metrics, updated_at,
             ledger_first_received_at, ledger_column_versions)
           VALUES (?1, 'atoms', ?2, 'analyzed', ?3, ?4, ?5, ?5, '{}')
           ON CONFLICT (call_id) DO UPDATE SET status = 'analyzed', analyzed_at = excluded.analyzed_at,
             metrics = excluded.metrics, updated_at = excluded.updated_at`,
        )
        .bind(call_id, agent_id, timestamp, JSON.stringify(event.metrics), now)
        .run();
  }
}

async function verify(body: string, signature: string, secret: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["verify"]);
  const bytes = Uint8Array.from(signature.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return crypto.subtle.verify("HMAC", key, bytes, encoder.encode(body));
}

/** One message after the other, with a read before and a write after each. */
async function queue(batch: MessageBatch, env: Env): Promise<void> {
  for (const message of batch.messages) {
    const { event_id, call_id } = messageSchema.parse(message.body);
    const call = await env.DB.prepare("SELECT * FROM calls WHERE call_id = ?").bind(call_id).all();
    const payload = JSON.stringify({
      type: "analytics.completed",
      data: call.results[0],
    });
    const now = new Date();
    const response = await fetch(env.SYNC_URL, {
      method: "POST",
      body: payload,
      headers: {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
        "webhook-signature": new Webhook(env.SYNC_SECRET).sign(event_id, now, payload),
      },
    });
    if (!response.ok) {
      message.retry();
      continue;
    }
    await env.DB.prepare(
      "UPDATE sync_deliveries SET state = 'delivered', attempts = 1, updated_at = ? WHERE call_id = ? AND event_id = ?",
    )
      .bind(now.toISOString(), call_id, event_id)
      .run();
    message.ack();
  }
}

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  queue,
} satisfies ExportedHandler<Env>;
