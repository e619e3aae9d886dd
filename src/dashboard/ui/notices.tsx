import type { Child } from "hono/jsx";
import { withQuery } from "./paths.ts";

export type Tone = "good" | "bad" | "warn";

/** A message that stands out: the result of an action, or a mistake in a form or an address. */
export function Notice({ tone = "good", id, children }: { tone?: Tone; id?: string; children: Child }) {
  return (
    <div id={id} class={tone === "good" ? "notice" : `notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** The words of each notice after an action. The address of a page holds the code only, so that no link can put words on it. */
const notices = {
  "signed-out": () => "You are signed out.",
  "sent-again": (count) =>
    count === 0 ? "Nothing was sent: none of those has failed any more." : `${deliveries(count)} on the way again.`,
  "sent-some-again": (count) => `${deliveries(count)} on the way again. There may be more: send again to go on.`,
  "played-again": (count) => (count === 0 ? "Nothing fits yet: it stays in quarantine." : `${bodies(count)}.`),
  "played-some-again": (count) => `${bodies(count)}; the rest stays in quarantine.`,
  discarded: (count) => `${count === 1 ? "1 body is" : `${count} bodies are`} discarded.`,
  "discarded-some": (count) => `${count} bodies are discarded. There may be more: discard again to go on.`,
  erased: () => "The call is erased, with everything the ledger kept of it.",
  "not-in-quarantine": () => "That body is no longer in quarantine.",
} satisfies Record<string, (count: number) => string>;

/** Returns the address of a page that shows the notice of an action. */
export function withNotice(path: string, done: keyof typeof notices, count?: number): string {
  return withQuery(path, { done, count: count?.toString() });
}

/** Shows the notice that the address of the page names, if it names one. */
export function ActionNotice({ query }: { query: URLSearchParams }) {
  const write = Object.entries(notices).find(([code]) => code === query.get("done"))?.[1];
  const count = Number(query.get("count"));
  if (write === undefined || !Number.isSafeInteger(count) || count < 0) return null;
  return <Notice>{write(count)}</Notice>;
}

function deliveries(count: number): string {
  return count === 1 ? "1 delivery is" : `${count} deliveries are`;
}

function bodies(count: number): string {
  return count === 1 ? "1 body fits by now and is in the ledger" : `${count} bodies fit by now and are in the ledger`;
}
