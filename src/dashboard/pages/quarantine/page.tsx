import * as z from "zod";
import { type HeldBody, keyInQuarantine } from "../../../held/held.ts";
import { listHeld, listNewestQuarantined } from "../../../held/list.ts";
import { readForm, readQuery } from "../../../http/input.ts";
import { ingestContext } from "../../../ingest/ingest.ts";
import { REPLAYS_A_REQUEST, type ReplayResult, replay, replayPage } from "../../../ingest/replay.ts";
import { configuredDestinations } from "../../../sync/destinations/index.ts";
import { html, seeOther } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { ActionNotice, withNotice } from "../../ui/notices.tsx";
import { formatSize } from "../../ui/numbers.ts";
import { Empty, Moment, Paging, Sheet } from "../../ui/parts.tsx";
import { withQuery } from "../../ui/paths.ts";
import { Table } from "../../ui/table.tsx";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { bodyPath, Reason, ReplayForm } from "./body.tsx";

/** The page shows the oldest only: parked bodies are recovered without anybody's doing. */
const PARKED_SHOWN = 50;

const pageQuery = z.object({ cursor: keyInQuarantine.optional() });

/** `GET /quarantine`: lists signed bodies that did not fit, and parked bodies. */
export const showQuarantine: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readQuery(url, pageQuery);
  if (!query.ok) return query.response;
  const { cursor } = query.value;
  const [page, parked] = await Promise.all([
    listNewestQuarantined(env.ARCHIVE, REPLAYS_A_REQUEST, cursor),
    listHeld(env.ARCHIVE, "parked", PARKED_SHOWN),
  ]);
  return html(
    <Page
      title="Quarantine"
      viewer={viewer}
      section="/quarantine"
      lead="What was received and is not in the ledger yet. None of it is lost."
      aside={page.bodies.length > 1 && <ReplayForm main cursor={cursor} viewer={viewer} />}
    >
      <ActionNotice query={url.searchParams} />
      <Sheet title="Did not fit" note="Signed events that the ledger could not read. Play them again once it can.">
        <QuarantineTable items={page.bodies} cursor={cursor} viewer={viewer} />
      </Sheet>
      <Paging
        first={cursor === undefined ? undefined : quarantinePath(undefined)}
        next={page.next && quarantinePath(page.next)}
      />
      <Sheet title="Waiting for a store" note="These go into the ledger by themselves as soon as it takes them.">
        <Parked bodies={parked.bodies} viewer={viewer} />
      </Sheet>
    </Page>,
  );
};

/** `POST /quarantine/replay`: replays one body, or the page of them that is shown. */
export const replayQuarantined: PageHandler = async (request, _viewer, env, ctx) => {
  const shown = readQuery(new URL(request.url), pageQuery);
  if (!shown.ok) return shown.response;
  const form = await readForm(request, z.object({ key: keyInQuarantine.optional() }));
  if (!form.ok) return form.response;
  const { cursor } = shown.value;
  const path = quarantinePath(cursor);
  const context = ingestContext(env, ctx, configuredDestinations(env));
  if (form.value.key === undefined) return seeResults(path, (await replayPage(cursor, context)).results);
  const result = await replay(form.value.key, context);
  return result === "not-found" ? seeOther(withNotice(path, "not-in-quarantine")) : seeResults(path, [result]);
};

function seeResults(path: string, results: readonly ReplayResult[]): Response {
  const recovered = results.filter((result) => result === "recovered").length;
  const some = recovered > 0 && results.includes("still-in-quarantine");
  return seeOther(withNotice(path, some ? "played-some-again" : "played-again", recovered));
}

/** A page of the quarantine, the first one without a cursor. */
function quarantinePath(cursor: string | undefined): string {
  return withQuery("/quarantine", { cursor });
}

interface QuarantineTableProps {
  items: readonly HeldBody[];
  cursor: string | undefined;
  viewer: Viewer;
}

function QuarantineTable({ items, cursor, viewer }: QuarantineTableProps) {
  if (items.length === 0) return <Empty title="Nothing is in quarantine">Every signed event was understood.</Empty>;
  return (
    <Table<HeldBody>
      caption="Bodies in quarantine"
      rows={items}
      columns={[
        {
          name: "Received",
          cell: ({ key, received_at }) => (
            <a href={bodyPath(key)}>
              <Moment at={received_at} viewer={viewer} />
            </a>
          ),
        },
        { name: "Platform", cell: ({ platform }) => platform },
        { name: "Reason", cell: ({ reason }) => <Reason reason={reason} /> },
        { name: "Detail", cell: ({ detail }) => detail },
        { name: "Size", kind: "number", cell: ({ size }) => formatSize(size) },
        {
          name: "Actions",
          kind: "action",
          cell: ({ key }) => <ReplayForm bodyKey={key} cursor={cursor} viewer={viewer} />,
        },
      ]}
    />
  );
}

function Parked({ bodies, viewer }: { bodies: readonly HeldBody[]; viewer: Viewer }) {
  if (bodies.length === 0) return <Empty title="Nothing waits">The stores have taken everything.</Empty>;
  return (
    <>
      <Table<HeldBody>
        caption="Parked bodies, oldest first"
        rows={bodies}
        columns={[
          { name: "Received", cell: ({ received_at }) => <Moment at={received_at} viewer={viewer} /> },
          { name: "Platform", cell: ({ platform }) => platform },
          { name: "Store that failed", cell: ({ reason }) => reason },
          { name: "Why", cell: ({ detail }) => detail },
        ]}
      />
      {bodies.length === PARKED_SHOWN && <p class="soft small">The oldest {PARKED_SHOWN}. There may be more.</p>}
    </>
  );
}
