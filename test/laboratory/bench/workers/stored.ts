/** As long as what the ledger writes for the same `call.end`, so that the two differ in what they do and not in what they keep. */
const PAYLOAD = filler(286);
const VARIABLES = filler(91);
const DIGEST = "0".repeat(64);
const VERSION = "2 2026-10-23T14:35:00.000Z 000000000000";
const COLUMN_VERSIONS = JSON.stringify(
  Object.fromEntries(
    ["agent_id", "ended_at", "duration_seconds", "disposition", "variables", "transcript_turns", "transcript_key"].map(
      (column) => [column, VERSION],
    ),
  ),
);

function filler(characters: number): string {
  return `{"filler":"${"x".repeat(characters - 13)}"}`;
}

/** White space in a statement takes longer to send than the rest of it. */
function oneLine(sql: string): string {
  return sql.replaceAll(/\s+/g, " ");
}

const INSERT_CALL = oneLine(`
  INSERT INTO calls (call_id, platform, agent_id, status, ended_at, duration_seconds, disposition, variables,
    transcript_key, transcript_turns, updated_at, ledger_first_received_at, ledger_column_versions)
  VALUES (?1, 'atoms', 'agent_abc123', 'ended', ?2, 300, 'successful', ?3, ?4, 60, ?2, ?2, ?5)`);

const INSERT_EVENT = oneLine(`
  INSERT INTO events (call_id, event, event_id, agent_id, occurred_at, received_at, format, payload, ledger_sha256, ledger_ingest_id)
  VALUES (?1, 'call.end', ?2, 'agent_abc123', ?3, ?3, 'documented', ?4, ?2, ?1)`);

/** A call that a Worker makes up, since it does not look at what comes in. */
export interface StoredCall {
  call_id: string;
  key: string;
}

export function nextCall(): StoredCall {
  const call_id = crypto.randomUUID();
  return { call_id, key: `calls/${call_id}/transcript.json` };
}

/** Puts a body where the ledger has it, with as much metadata. */
export function putBody(bucket: R2Bucket, { call_id, key }: StoredCall, body: ArrayBuffer): Promise<R2Object> {
  return bucket.put(key, body, {
    httpMetadata: { contentType: "application/json" },
    customMetadata: {
      platform: "atoms",
      call_id,
      agent_id: "agent_abc123",
      event_id: DIGEST,
      sha256: DIGEST,
      identity: DIGEST,
      version: VERSION,
    },
  });
}

/** The statements that write the rows of a call and its event; the row of the call comes last. */
export function insertRows(db: D1Database, { call_id, key }: StoredCall): D1PreparedStatement[] {
  const now = new Date().toISOString();
  return [
    db.prepare(INSERT_EVENT).bind(call_id, DIGEST, now, PAYLOAD),
    db.prepare(INSERT_CALL).bind(call_id, now, VARIABLES, key, COLUMN_VERSIONS),
  ];
}
