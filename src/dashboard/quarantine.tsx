import * as z from "zod";
import { listQuarantine, type QuarantinedItem } from "../archive/quarantine.ts";
import { keyInQuarantine } from "../archive/quarantine-key.ts";
import { readQuery } from "../http/input.ts";
import { REPLAYS_A_REQUEST } from "../ingest/replay.ts";
import { logError, reasonOf } from "../log.ts";
import { type Parked, readParked } from "../parking/list.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { html } from "./html.ts";
import { Csrf, Page } from "./layout.tsx";
import type { PageHandler } from "./page.ts";
import { Moment } from "./parts/moment.tsx";
import { Outcome } from "./parts/outcome.tsx";
import { Paging } from "./parts/paging.tsx";
import { bodyPath, formatSize, quarantinePath, Reason, replayPath } from "./quarantine/parts.tsx";
import type { Viewer } from "./viewer.ts";

/** Parked bodies that are shown; they go by themselves, so that more than a glance is seldom needed. */
const PARKED_SHOWN = 50;

/** `GET /quarantine`: what waits, signed bodies that did not fit and bodies that wait for a store. */
export const quarantine: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readQuery(url, z.object({ cursor: keyInQuarantine.optional() }));
  if (!query.ok) return query.response;
  const { cursor } = query.value;
  const [page, parked] = await Promise.all([readPage(env.ARCHIVE, cursor), readParked(env, PARKED_SHOWN)]);

  return html(
    <Page title="Quarantine" viewer={viewer} section="/quarantine">
      <div class="page-head">
        <div>
          <h1>Quarantine</h1>
          <p>What was received and is not in the ledger yet. None of it is lost.</p>
        </div>
        {page !== undefined && page.items.length > 1 && (
          <form method="post" action={replayPath(cursor)}>
            <Csrf viewer={viewer} />
            <button type="submit" class="main">
              Play all again
            </button>
          </form>
        )}
      </div>
      <Outcome query={url.searchParams} />
      <section class="sheet" aria-labelledby="misfits">
        <header>
          <h2 id="misfits">Did not fit</h2>
          <p>Signed events that the ledger could not read. Play them again once it can.</p>
        </header>
        <Misfits page={page} cursor={cursor} viewer={viewer} />
      </section>
      <Paging first={cursor && quarantinePath(undefined)} next={page?.cursor && quarantinePath(page.cursor)} />
      <section class="sheet" aria-labelledby="parked">
        <header>
          <h2 id="parked">Waiting for a store</h2>
          <p>These go into the ledger by themselves as soon as it takes them.</p>
        </header>
        <Waiting {...parked} viewer={viewer} />
      </section>
    </Page>,
  );
};

/** `undefined` when the archive does not answer: what is parked in D1 because of that is still to be seen. */
async function readPage(bucket: R2Bucket, cursor: string | undefined) {
  try {
    return await attempt(() => listQuarantine(bucket, REPLAYS_A_REQUEST, cursor), STORE_LIMIT);
  } catch (error) {
    logError({ message: "could not list the quarantine", error: reasonOf(error) });
    return undefined;
  }
}

interface MisfitsProps {
  page: Awaited<ReturnType<typeof readPage>>;
  cursor: string | undefined;
  viewer: Viewer;
}

function Misfits({ page, cursor, viewer }: MisfitsProps) {
  if (page === undefined) return <p class="notice bad">The archive does not answer just now. Reload in a moment.</p>;
  if (page.items.length === 0) {
    return (
      <p class="empty">
        <strong>Nothing is in quarantine</strong>
        Every signed event was understood.
      </p>
    );
  }
  return (
    <div class="table-wrap">
      <table class="cards">
        <thead>
          <tr>
            <th scope="col">Received</th>
            <th scope="col">Reason</th>
            <th scope="col">Detail</th>
            <th scope="col" class="number">
              Size
            </th>
            <th scope="col">
              <span class="unseen">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((item) => (
            <Misfit key={item.key} item={item} cursor={cursor} viewer={viewer} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Misfit({ item, cursor, viewer }: { item: QuarantinedItem; cursor: string | undefined; viewer: Viewer }) {
  const { key, reason, detail, received_at, size } = item;
  return (
    <tr>
      <td data-label="Received">
        <a href={bodyPath(key)}>
          <Moment at={received_at} viewer={viewer} />
        </a>
      </td>
      <td data-label="Reason">
        <Reason reason={reason} />
      </td>
      <td data-label="Detail">{detail}</td>
      <td data-label="Size" class="number keep">
        {formatSize(size)}
      </td>
      <td class="number">
        <form method="post" action={replayPath(cursor)}>
          <Csrf viewer={viewer} />
          <input type="hidden" name="key" value={key} />
          <button type="submit">Play again</button>
        </form>
      </td>
    </tr>
  );
}

function Waiting({ parked, unreachable, viewer }: Parked & { viewer: Viewer }) {
  return (
    <>
      {unreachable.map((store) => (
        <p key={store} class="notice warn">
          {store} does not answer just now: more may wait there.
        </p>
      ))}
      {parked.length === 0 && unreachable.length === 0 && (
        <p class="empty">
          <strong>Nothing waits</strong>
          The stores have taken everything.
        </p>
      )}
      {parked.length > 0 && (
        <div class="table-wrap">
          <table class="cards">
            <thead>
              <tr>
                <th scope="col">Received</th>
                <th scope="col">Why</th>
                <th scope="col">Kept in</th>
              </tr>
            </thead>
            <tbody>
              {parked.map(({ store, digest, received_at, reason }) => (
                <tr key={`${store} ${digest}`}>
                  <td data-label="Received">
                    <Moment at={received_at} viewer={viewer} />
                  </td>
                  <td data-label="Why">{reason}</td>
                  <td data-label="Kept in">{store}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {parked.length === PARKED_SHOWN && <p class="soft small">The oldest {PARKED_SHOWN}. There may be more.</p>}
    </>
  );
}
