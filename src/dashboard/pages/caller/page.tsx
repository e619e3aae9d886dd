import * as z from "zod";
import { wholePhone } from "../../../erasure/start.ts";
import { phoneDigits } from "../../../events/phone.ts";
import { readQuery } from "../../../http/input.ts";
import { type CallerTotals, readCallerTotals } from "../../../ledger/callers.ts";
import { listCalls } from "../../../ledger/calls.ts";
import { MAX_LOOKED_AT, type PagePosition, pageCursor, writePageCursor } from "../../../ledger/page.ts";
import { reader } from "../../../ledger/schema.ts";
import { countFailedTools } from "../../../ledger/tool-calls.ts";
import { sqlOf } from "../../../letting-go/listed.ts";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { Notice } from "../../ui/notices.tsx";
import { counted, formatCount, formatDollars } from "../../ui/numbers.ts";
import { ButtonLink, Empty, Paging } from "../../ui/parts.tsx";
import { withQuery } from "../../ui/paths.ts";
import { formatDuration } from "../../ui/times.ts";
import type { PageHandler } from "../../ui/viewer.ts";
import { CallTable, listedCall } from "../calls/table.tsx";

const CALLS_A_PAGE = 50;
const ORDER = "in the order in which they came in, the last first";

/** The caller that a page is about. */
export const namedCaller = z.object({ phone: wholePhone });

/** `GET /callers?phone=`: lists every call of a number, and what they come to. */
export const showCaller: PageHandler = async (request, viewer, env) => {
  const named = readQuery(new URL(request.url), namedCaller.extend({ cursor: pageCursor.optional() }));
  if (!named.ok) return named.response;
  const { phone, cursor } = named.value;
  const digits = phoneDigits(phone);
  const db = reader(env.DB);
  const [totals, page] = await Promise.all([
    readCallerTotals(db, digits),
    listCalls(db, listedCall, { among: "number", digits }, {}, { limit: CALLS_A_PAGE, after: cursor }),
  ]);
  const failedTools = await countFailedTools(
    db,
    page.rows.map(({ call_id }) => call_id),
  );
  const path = (at?: PagePosition) => withQuery("/callers", { phone, cursor: writePageCursor(at) ?? undefined });
  return html(
    <Page
      title={phone}
      viewer={viewer}
      section="/calls"
      back={{ path: "/calls", name: "All calls" }}
      lead={totalsOf(totals)}
      aside={
        totals.calls + totals.left > 0 && (
          <ButtonLink path={withQuery("/callers/erase", { phone })}>Erase everything of this caller</ButtonLink>
        )
      }
    >
      <div class="sheet">
        {page.rows.length > 0 ? (
          <CallTable
            calls={page.rows}
            order={ORDER}
            list={path(cursor)}
            failedTools={failedTools}
            metrics={{ names: [], values: [] }}
            said={undefined}
            typed={{ phone }}
            viewer={viewer}
          />
        ) : (
          <Empty title="No call of this number">
            <p>They may have been erased, or the number is written otherwise.</p>
            <p class="below">
              <ButtonLink path={withQuery("/calls", { phone })}>Look for a part of it</ButtonLink>
            </p>
          </Empty>
        )}
      </div>
      {totals.left > 0 && <LeftOfCaller phone={phone} left={totals.left} />}
      <Paging first={cursor && path()} next={page.next && path(page.next)} />
    </Page>,
  );
};

/** Says that calls of the caller have left the database, and what finds them. */
function LeftOfCaller({ phone, left }: { phone: string; left: number }) {
  return (
    <Notice tone="warn">
      <p>
        {counted(left, "older call")} of this number left the database, and {left === 1 ? "is" : "are"} not in this
        list. An erasure of the number takes {left === 1 ? "it" : "them"} along, and this finds{" "}
        {left === 1 ? "it" : "them"} in the export:
      </p>
      <pre class="payload">npm run sql -- "{sqlOf({ phone }).sql}"</pre>
    </Notice>
  );
}

/** The calls of a caller in a line: how many, how long, what they cost, and how they are listed. */
function totalsOf({ calls, duration_seconds, cost_usd }: CallerTotals): string {
  const count = calls < MAX_LOOKED_AT ? counted(calls, "call") : `the newest ${formatCount(calls)} calls`;
  const length = duration_seconds === null ? [] : [`${formatDuration(duration_seconds)} in sum`];
  const cost = cost_usd === null ? [] : [formatDollars(cost_usd)];
  const order = calls > 1 ? [ORDER] : [];
  return [count, ...length, ...cost, ...order].join(" · ");
}
