import * as z from "zod";
import { type HeldBody, keyInQuarantine } from "../../../held/held.ts";
import { listHeld, listNewestQuarantined } from "../../../held/list.ts";
import { readForm, readQuery } from "../../../http/input.ts";
import { ingestContext } from "../../../ingest/ingest.ts";
import { REPLAYS_A_REQUEST, type ReplayResult, replay, replayPage } from "../../../ingest/replay.ts";
import { configuredDestinations } from "../../../sync/destinations/index.ts";
import { withMoments } from "../../ui/form-dates.ts";
import { DayField, Select } from "../../ui/forms.tsx";
import { html, seeOther } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { ActionNotice, withNotice } from "../../ui/notices.tsx";
import { formatSize } from "../../ui/numbers.ts";
import { Empty, Moment, Paging, Sheet } from "../../ui/parts.tsx";
import { Table } from "../../ui/table.tsx";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { bodyPath, ReplayForm } from "./body.tsx";
import { DiscardForm } from "./discard.tsx";
import { type QuarantineView, viewOf, viewPath } from "./query.ts";
import { Reason, reasonWords } from "./reason.tsx";

/** The page shows the oldest only: parked bodies are recovered without anybody's doing. */
const PARKED_SHOWN = 50;

/** `GET /quarantine`: lists signed bodies that did not fit, and parked bodies. */
export const showQuarantine: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readQuery(url, viewOf(viewer.timeZone));
  if (!query.ok) return query.response;
  const view = query.value;
  const { cursor, ...chosen } = view;
  const isFiltered = Object.values(chosen).some((value) => value !== undefined);
  const [page, parked] = await Promise.all([
    listNewestQuarantined(env.ARCHIVE, REPLAYS_A_REQUEST, cursor, withMoments(chosen, viewer.timeZone)),
    listHeld(env.ARCHIVE, "parked", PARKED_SHOWN),
  ]);
  return html(
    <Page
      title="Quarantine"
      viewer={viewer}
      section="/quarantine"
      lead="What was received and is not in the ledger yet. None of it is lost."
      aside={
        <div class="actions">
          {page.bodies.length > 1 && <ReplayForm main view={view} viewer={viewer} />}
          {page.bodies.length > 0 && isFiltered && <DiscardForm which={chosen} viewer={viewer} />}
        </div>
      }
    >
      <ActionNotice query={url.searchParams} />
      {(page.bodies.length > 0 || isFiltered) && <Filters view={view} isFiltered={isFiltered} />}
      <Sheet
        title="Did not fit"
        note="Signed events that the ledger could not read. Play them again once it can, or discard what nobody needs."
      >
        <QuarantineTable items={page.bodies} view={view} isFiltered={isFiltered} viewer={viewer} />
      </Sheet>
      <Paging
        first={cursor === undefined ? undefined : viewPath(chosen)}
        next={page.next && viewPath({ ...chosen, cursor: page.next })}
        fewerOf={isFiltered && page.bodies.length < REPLAYS_A_REQUEST && "bodies"}
      />
      <Sheet title="Waiting for a store" note="These go into the ledger by themselves as soon as it takes them.">
        <Parked bodies={parked.bodies} viewer={viewer} />
      </Sheet>
    </Page>,
  );
};

/** `POST /quarantine/replay`: replays one body, or the page of them that is shown. */
export const replayQuarantined: PageHandler = async (request, viewer, env, ctx) => {
  const shown = readQuery(new URL(request.url), viewOf(viewer.timeZone));
  if (!shown.ok) return shown.response;
  const form = await readForm(request, z.object({ key: keyInQuarantine.optional() }));
  if (!form.ok) return form.response;
  const { cursor, ...chosen } = shown.value;
  const path = viewPath(shown.value);
  const context = ingestContext(env, ctx, configuredDestinations(env));
  if (form.value.key === undefined) {
    const { results } = await replayPage(cursor, context, withMoments(chosen, viewer.timeZone));
    return seeResults(path, results);
  }
  const result = await replay(form.value.key, context);
  return result === "not-found" ? seeOther(withNotice(path, "not-in-quarantine")) : seeResults(path, [result]);
};

function seeResults(path: string, results: readonly ReplayResult[]): Response {
  const recovered = results.filter((result) => result === "recovered").length;
  const some = recovered > 0 && results.includes("still-in-quarantine");
  return seeOther(withNotice(path, some ? "played-some-again" : "played-again", recovered));
}

/** The form that filters the list. A GET, so that reloading and going back keep its fields. */
function Filters({ view: { reason, from, to }, isFiltered }: { view: QuarantineView; isFiltered: boolean }) {
  return (
    <form method="get" action="/quarantine" class="sheet filters" aria-label="Filter bodies">
      <Select label="Reason" name="reason" chosen={reason} all="All reasons" options={Object.entries(reasonWords)} />
      <DayField name="from" label="From" value={from} />
      <DayField name="to" label="To the end of" value={to} />
      <div class="actions">
        <button type="submit">Show bodies</button>
        {isFiltered && <a href="/quarantine">Clear filters</a>}
      </div>
    </form>
  );
}

interface QuarantineTableProps {
  items: readonly HeldBody[];
  view: QuarantineView;
  isFiltered: boolean;
  viewer: Viewer;
}

function QuarantineTable({ items, view, isFiltered, viewer }: QuarantineTableProps) {
  if (items.length === 0 && isFiltered) return <Empty title="No body matches" />;
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
          cell: ({ key }) => (
            <div class="actions">
              <ReplayForm bodyKey={key} view={view} viewer={viewer} />
              <DiscardForm which={{ key }} viewer={viewer} />
            </div>
          ),
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
