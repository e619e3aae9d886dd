import * as z from "zod";
import { startCallErasure } from "../../../erasure/start.ts";
import { readForm } from "../../../http/input.ts";
import type { Neighbours } from "../../../ledger/neighbours.ts";
import { type RecordingRow, readRecording } from "../../../ledger/recordings.ts";
import { type CallRow, type LedgerReader, reader } from "../../../ledger/schema.ts";
import { type FoundCall, findCall } from "../../../letting-go/read.ts";
import { readSettings } from "../../../settings.ts";
import { html, seeOther } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { Notice, withNotice } from "../../ui/notices.tsx";
import { ButtonLink, CallBadge, Empty, Moment, startOf } from "../../ui/parts.tsx";
import { callIdOf } from "../../ui/paths.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { metricWords } from "../calls/query.ts";
import { erasurePath } from "../erasure.tsx";
import { Conversation } from "./conversation.tsx";
import { ERASE_FIELD, EraseForm } from "./erase-form.tsx";
import { Facts, Summary } from "./facts.tsx";
import { Deliveries, MAX_EVENTS, Timeline } from "./history.tsx";
import { type OpenedFrom, openedFrom, openedPath, readBeside } from "./opened-from.ts";
import { Recording } from "./recording.tsx";
import { readTranscriptState, type TranscriptState } from "./transcript.ts";
import { Values } from "./values.tsx";

const NAME_CHARACTERS = 60;

/** `GET /calls/{call_id}`: shows everything the ledger has of one call. */
export const showCall: PageHandler = (request, viewer, env) => callPage(request, viewer, env);

/** `POST /calls/{call_id}/erase`: starts the erasure of a call, once the box is ticked that says what that means. */
export const eraseCall: PageHandler = async (request, viewer, env) => {
  const form = await readForm(request, z.object({ [ERASE_FIELD]: z.literal("yes").optional() }));
  if (!form.ok) return form.response;
  if (form.value[ERASE_FIELD] === undefined) {
    return callPage(request, viewer, env, "Nothing was erased: tick the box first, so that nothing goes by mistake.");
  }
  const job = await startCallErasure(callIdOf(request), env);
  // There is nothing of the call: somebody else erased it meanwhile, with the same result.
  return seeOther(job === undefined ? withNotice("/calls", "erased") : erasurePath(job));
};

/** @param formError the mistake in a form of the page: 400 */
async function callPage(request: Parameters<PageHandler>[0], viewer: Viewer, env: Env, formError?: string) {
  const callId = callIdOf(request);
  const url = new URL(request.url);
  const opened = openedFrom(url, viewer);
  const db = reader(env.DB);
  const details = await findCall(callId, { db, bucket: env.ARCHIVE }, MAX_EVENTS + 1);
  if (details === undefined) return html(<UnknownCall callId={callId} viewer={viewer} />, { status: 404 });
  const [transcript, copy, beside] = await Promise.all([
    readTranscriptState(env.ARCHIVE, details.call),
    copyOf(details, db),
    readBeside(db, opened, callId, readSettings(env).searchTranscripts),
  ]);
  const words = url.searchParams.get("words")?.trim();
  const shown = { all: url.searchParams.get("turns") === "all", words: words === "" ? undefined : words };
  return html(<Call {...details} {...shown} {...{ transcript, copy, opened, beside, viewer, formError }} />, {
    status: formError === undefined ? 200 : 400,
  });
}

async function copyOf({ call, left }: FoundCall, db: LedgerReader): Promise<RecordingRow | undefined> {
  if (left !== undefined) return left.recording ?? undefined;
  return call.recording_url === null ? undefined : readRecording(db, call.call_id);
}

interface CallProps extends FoundCall {
  transcript: TranscriptState;
  /** How far the copy of its recording is; absent when none was asked for. */
  copy: RecordingRow | undefined;
  opened: OpenedFrom;
  /** The calls beside it in that list. */
  beside: Neighbours;
  /** Show every turn, and all of it. */
  all: boolean;
  /** Words to mark in the conversation. */
  words: string | undefined;
  viewer: Viewer;
  formError: string | undefined;
}

function Call({
  call,
  events,
  deliveries,
  left,
  transcript,
  copy,
  opened,
  beside,
  all,
  words,
  viewer,
  formError,
}: CallProps) {
  return (
    <Page
      title={titleOf(call)}
      viewer={viewer}
      section="/calls"
      back={opened}
      lead={
        <>
          <CallBadge status={call.status} /> <Moment at={call.called_at} viewer={viewer} />
        </>
      }
      aside={<Beside beside={beside} list={opened.path} />}
    >
      {formError !== undefined && <Notice tone="bad">{formError}</Notice>}
      {left !== undefined && (
        <Notice tone="warn">
          This call has left the database: it is opened by its id, counted and erased as before, but no longer listed or
          found by its words, and nothing of it is sent again.
        </Notice>
      )}
      <Summary summary={call.summary} />
      <div class="call-body">
        <div class="stack call-side">
          <Recording call={call} copy={copy} viewer={viewer} />
          <Facts call={call} viewer={viewer} />
          <Values
            title="Metrics"
            json={call.metrics}
            none="No analysis of this call has come in."
            words={metricWords}
          />
        </div>
        <Conversation
          transcript={transcript}
          call={call}
          viewer={viewer}
          all={all}
          words={words}
          list={opened.path === "/calls" ? undefined : opened.path}
        />
      </div>
      <div class="columns">
        <Values title="Variables" json={call.variables} none="The call brought none." />
        <Timeline events={events} viewer={viewer} />
        <Deliveries deliveries={deliveries} viewer={viewer} />
      </div>
      <EraseForm callId={call.call_id} viewer={viewer} open={formError !== undefined} />
    </Page>
  );
}

function Beside({ beside: { newer, older }, list }: { beside: Neighbours; list: string }) {
  return (
    <nav class="actions" aria-label="Calls beside this one">
      {newer !== undefined && <ButtonLink path={openedPath(newer, list)}>Newer call</ButtonLink>}
      {older !== undefined && <ButtonLink path={openedPath(older, list)}>Older call</ButtonLink>}
    </nav>
  );
}

/** The customer's number, by which people name a call; its id where there is none. */
function titleOf({ caller_phone, call_id }: CallRow): string {
  return startOf(caller_phone ?? call_id, NAME_CHARACTERS);
}

function UnknownCall({ callId, viewer }: { callId: string; viewer: Viewer }) {
  return (
    <Page title="No such call" viewer={viewer} section="/calls">
      <div class="sheet">
        <Empty title="The ledger has no call of this id">
          <p>
            <code class="anywhere">
              <bdi>{startOf(callId, NAME_CHARACTERS)}</bdi>
            </code>
          </p>
          <p>It may have been erased, or its events have not come in.</p>
          <p class="below">
            <ButtonLink path="/calls">All calls</ButtonLink>
          </p>
        </Empty>
      </div>
    </Page>
  );
}
