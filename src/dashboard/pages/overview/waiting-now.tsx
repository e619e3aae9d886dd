import { Empty, Row, Sheet } from "../../ui/parts.tsx";
import { formatWaiting, type Waiting } from "../../waiting.ts";

interface Kind {
  name: string;
  about: string;
  path: string;
}

/** The kinds that a person looks at, the most pressing first. Live calls have a part of the page to themselves. */
const kinds: Record<Exclude<keyof Waiting, "live">, Kind> = {
  alerts: { name: "Open alerts", about: "at the top of this page", path: "#main" },
  quarantined: { name: "In quarantine", about: "did not fit: somebody has to look", path: "/quarantine" },
  failed: { name: "Failed deliveries", about: "refused, or out of retries", path: "/deliveries?state=failed" },
  parked: {
    name: "Parked",
    about: "a store failed: these come in by themselves",
    path: "/quarantine#waiting-for-a-store",
  },
};

/** Lists what waits, as the navigation counts it, and names what a store did not say. */
export function WaitingNow({ waiting }: { waiting: Waiting }) {
  const { alerts, quarantined, failed, parked } = waiting;
  const counts = { alerts, quarantined, failed, parked };
  const rows = Object.entries(kinds).flatMap(([key, kind]) => {
    const [, count] = Object.entries(counts).find(([name]) => name === key) ?? [];
    return count === 0 ? [] : { ...kind, count };
  });
  return (
    <Sheet title="To look at">
      {rows.length === 0 && <Empty title="Nothing waits for you" />}
      <ul class="rows">
        {rows.map(({ name, about, path, count }) => (
          <Row
            aside={count === undefined ? <span class="soft">not known</span> : <strong>{formatWaiting(count)}</strong>}
          >
            <a class="row-link" href={path}>
              {name}
            </a>
            <span class="small soft">{about}</span>
          </Row>
        ))}
      </ul>
    </Sheet>
  );
}
