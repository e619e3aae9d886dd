/** Messages of no use to the ledger: the middle of calls, chats, deletions, and requests that only the owner's server can answer. */
export const ignoredTypes: ReadonlySet<unknown> = new Set([
  "assistant-request",
  "assistant.speechStarted",
  "assistant.started",
  "call.artifact.upload",
  "call.delete.failed",
  "call.deleted",
  "call.endpointing.request",
  "campaign.predial",
  "chat.created",
  "chat.deleted",
  "conversation-update",
  "function-call",
  "handoff-destination-request",
  "hang",
  "knowledge-base-request",
  "language-change-detected",
  "language-changed",
  "model-output",
  "phone-call-control",
  "session.created",
  "session.deleted",
  "session.updated",
  "speech-update",
  "tool-calls",
  "transcript",
  'transcript[transcriptType="final"]',
  "transfer-destination-request",
  "transfer-update",
  "user-interrupted",
  "voice-input",
  "voice-request",
]);

/** Up to the type of the message, when nothing but its time stands before it: no other member of this name can be meant. */
const typePattern = /^\s*\{\s*"message"\s*:\s*\{\s*(?:"timestamp"\s*:\s*\d+\s*,\s*)?"type"\s*:\s*"([^"\\]+)"/;

/** Whether a body is none of the ledger's events, by its beginning. Says no when that is not enough to tell. */
export function beginsIgnored(beginning: string): boolean {
  return ignoredTypes.has(typePattern.exec(beginning)?.[1]);
}
