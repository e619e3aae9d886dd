import * as z from "zod";
import { peekQuarantined } from "../../archive/quarantine.ts";
import { keyInQuarantine } from "../../archive/quarantine-key.ts";
import { readQuery } from "../../http/input.ts";
import { notFound } from "../../http/problem.ts";
import { attempt } from "../../stores/attempt.ts";
import { STORE_LIMIT } from "../../stores/limits.ts";
import { html } from "../html.ts";
import { Csrf, Page } from "../layout.tsx";
import type { PageHandler } from "../page.ts";
import { Moment } from "../parts/moment.tsx";
import { formatSize, Reason, replayPath } from "./parts.tsx";

/** A body may be megabytes large, and a browser slow with so much text. */
const SHOWN_BYTES = 100_000;

/** `GET /quarantine/body`: one body as it was received. Whatever is in it is shown as text. */
export const quarantinedBody: PageHandler = async (request, viewer, env) => {
  const query = readQuery(new URL(request.url), z.object({ key: keyInQuarantine }));
  if (!query.ok) return query.response;
  const { key } = query.value;
  const item = await attempt(() => peekQuarantined(env.ARCHIVE, key, SHOWN_BYTES), STORE_LIMIT);
  if (item === undefined) return notFound();
  const isCut = item.size > SHOWN_BYTES;
  // Where it is cut, the last character may be half of one: left out.
  const text = new TextDecoder().decode(item.beginning, { stream: isCut });

  return html(
    <Page title="A body in quarantine" viewer={viewer} section="/quarantine">
      <div class="page-head">
        <div>
          <p>
            <a href="/quarantine">Quarantine</a>
          </p>
          <h1>A body in quarantine</h1>
        </div>
        <form method="post" action={replayPath(undefined)}>
          <Csrf viewer={viewer} />
          <input type="hidden" name="key" value={key} />
          <button type="submit" class="main">
            Play again
          </button>
        </form>
      </div>
      <section class="sheet">
        <dl class="facts">
          <div>
            <dt>Received</dt>
            <dd>
              <Moment at={item.received_at} viewer={viewer} />
            </dd>
          </div>
          <div>
            <dt>Reason</dt>
            <dd>
              <Reason reason={item.reason} />
            </dd>
          </div>
          <div>
            <dt>Size</dt>
            <dd>{formatSize(item.size)}</dd>
          </div>
          <div>
            <dt>Detail</dt>
            <dd>{item.detail}</dd>
          </div>
        </dl>
      </section>
      <section class="sheet" aria-labelledby="body">
        <header>
          <h2 id="body">As it was received</h2>
          {isCut && <p>The first {formatSize(SHOWN_BYTES)}</p>}
        </header>
        {item.size === 0 ? <p class="empty">The body is empty.</p> : <pre>{text}</pre>}
      </section>
    </Page>,
  );
};
