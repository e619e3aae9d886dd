import type { Turn } from "../platforms/turns.ts";

/** A conversation for reading: a paragraph a turn, with who spoke and when, as far as that is known. */
export function conversationText(turns: readonly Turn[]): string {
  return turns
    .map(({ role, content, timestamp }) => {
      const speaker = [role ?? "unknown", timestamp === null ? "" : `(${timestamp})`].filter(Boolean).join(" ");
      return `${speaker}:\n${content}\n`;
    })
    .join("\n");
}
