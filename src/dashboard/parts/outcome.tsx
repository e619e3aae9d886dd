/** What an action has done, by the code that the address of the page after it names. The words are never in the address. */
const outcomes = {
  "signed-out": () => "You are signed out.",
  "sent-again": (count) =>
    count === 0 ? "Nothing was sent: none of those has failed any more." : `${deliveries(count)} on the way again.`,
  "sent-some-again": (count) => `${deliveries(count)} on the way again. There may be more: send again to go on.`,
  "played-again": (count) => (count === 0 ? "Nothing fits yet: it stays in quarantine." : `${bodies(count)}.`),
  "played-some-again": (count) => `${bodies(count)}; the rest stays in quarantine.`,
  erased: () => "The call is erased, with everything the ledger kept of it.",
  "not-in-quarantine": () => "That body is no longer in quarantine.",
} satisfies Record<string, (count: number) => string>;

/** Where to go on after an action: `path`, told how it ended. */
export function withOutcome(path: string, done: keyof typeof outcomes, count?: number): string {
  const told = new URLSearchParams({ done, ...(count !== undefined && { count: String(count) }) });
  return `${path}${path.includes("?") ? "&" : "?"}${told}`;
}

/** How the action before this page ended, if the address says that there was one. */
export function Outcome({ query }: { query: URLSearchParams }) {
  const tell = Object.entries(outcomes).find(([code]) => code === query.get("done"))?.[1];
  const count = Number(query.get("count"));
  if (tell === undefined || !Number.isSafeInteger(count) || count < 0) return null;
  return (
    <p class="notice" role="status">
      {tell(count)}
    </p>
  );
}

function deliveries(count: number): string {
  return count === 1 ? "1 delivery is" : `${count} deliveries are`;
}

function bodies(count: number): string {
  return count === 1 ? "1 body fits by now and is in the ledger" : `${count} bodies fit by now and are in the ledger`;
}
