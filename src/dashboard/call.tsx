import { readCall } from "../ledger/call-details.ts";
import type { ListedCall } from "../ledger/call-list.ts";
import { attempt } from "../stores/attempt.ts";
import { STORE_LIMIT } from "../stores/limits.ts";
import { Conversation } from "./call/conversation.tsx";
import { Deliveries } from "./call/deliveries.tsx";
import { EraseForm } from "./call/erase-form.tsx";
import { Facts } from "./call/facts.tsx";
import { readSaid } from "./call/said.ts";
import { Timeline } from "./call/timeline.tsx";
import { Values } from "./call/values.tsx";
import { callIdOf, callPath } from "./call-path.ts";
import { html } from "./html.ts";
import { Page } from "./layout.tsx";
import type { PageHandler } from "./page.ts";
import { CallBadge } from "./parts/badge.tsx";
import { startOf } from "./parts/clipped.tsx";
import { Empty } from "./parts/empty.tsx";
import { Moment } from "./parts/moment.tsx";
import { Notice } from "./parts/notice.tsx";
import type { Viewer } from "./viewer.ts";

const NAME_CHARACTERS = 60;

/** `GET /calls/{call_id}`: everything there is of one call. */
export const showCall: PageHandler = async (request, viewer, env) => callPage(request, viewer, env);

/**
 * The page of the call that an address names; 404 when there is none.
 * @param misfit what was wrong with a form of the page: 400
 */
export async function callPage(request: Parameters<PageHandler>[0], viewer: Viewer, env: Env, misfit?: string) {
  const callId = callIdOf(request);
  const details = await attempt(() => readCall(env.DB, callId), STORE_LIMIT);
  if (details === undefined) return unknownCall(callId, viewer);
  const { call, events, deliveries } = details;
  const said = await readSaid(env.ARCHIVE, call);
  const all = new URL(request.url).searchParams.get("turns") === "all";
  return html(
    <Page title={titleOf(call)} viewer={viewer} section="/calls">
      <div class="page-head">
        <div>
          <p class="small back">
            <a href="/calls">All calls</a>
          </p>
          <h1>
            <bdi>{titleOf(call)}</bdi>
          </h1>
          <p class="call-line">
            <CallBadge status={call.status} />
            <Moment at={call.called_at} viewer={viewer} />
          </p>
        </div>
      </div>
      {misfit !== undefined && <Notice tone="bad">{misfit}</Notice>}
      <Facts call={call} viewer={viewer} />
      <div class="call-body">
        <Conversation said={said} call={call} viewer={viewer} all={all} path={callPath(call.call_id)} />
        <div class="stack">
          <Values title="Metrics" json={call.metrics} none="No analysis of this call has come in." />
          <Values title="Variables" json={call.variables} none="The call brought none." />
          <Timeline events={events} viewer={viewer} />
          <Deliveries deliveries={deliveries} viewer={viewer} />
        </div>
      </div>
      <EraseForm callId={call.call_id} viewer={viewer} open={misfit !== undefined} />
    </Page>,
    { status: misfit === undefined ? 200 : 400 },
  );
}

/** The number of who was called or called, as people name a call; its id where there is none. */
function titleOf({ caller_phone, call_id }: ListedCall): string {
  return startOf(caller_phone ?? call_id, NAME_CHARACTERS);
}

function unknownCall(callId: string, viewer: Viewer): Promise<Response> {
  return html(
    <Page title="No such call" viewer={viewer} section="/calls">
      <div class="page-head">
        <h1>No such call</h1>
      </div>
      <div class="sheet">
        <Empty title="The ledger has no call of this id">
          <p>
            <code class="anywhere">
              <bdi>{startOf(callId, NAME_CHARACTERS)}</bdi>
            </code>
          </p>
          <p>It may have been erased, or its events have not come in.</p>
          <p class="below">
            <a class="button" href="/calls">
              All calls
            </a>
          </p>
        </Empty>
      </div>
    </Page>,
    { status: 404 },
  );
}
