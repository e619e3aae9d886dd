import { Empty } from "../parts/empty.tsx";

/** The overview of a ledger that has never seen a call: what makes it see one. */
export function FirstSteps({ origin }: { origin: string }) {
  return (
    <div class="sheet">
      <Empty title="No calls yet">
        <p>
          Point your platform’s webhook at <code class="anywhere">{`${origin}/webhooks/atoms`}</code>, and calls show
          here as they happen.
        </p>
        <p>
          To see the ledger at work first: <code>npm run simulate</code> plays a day of calls.
        </p>
        <p>
          <a href="/quarantine">Something came in and is not here?</a>
        </p>
      </Empty>
    </div>
  );
}
