import type { RecordingRow } from "../../../ledger/recordings.ts";
import { type CallRow, reader } from "../../../ledger/schema.ts";
import { findArchived } from "../../../letting-go/read.ts";
import { noRecording, recordingResponse } from "../../../recordings/play.ts";
import { Notice } from "../../ui/notices.tsx";
import { counted } from "../../ui/numbers.ts";
import { Moment, Sheet, startOf } from "../../ui/parts.tsx";
import { callIdOf, callPath } from "../../ui/paths.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";

const REASON_CHARACTERS = 200;

/** `GET /calls/{call_id}/recording`: the audio that the page of a call plays. */
export const playRecording: PageHandler = async (request, _viewer, env) => {
  const call = await findArchived(callIdOf(request), { db: reader(env.DB), bucket: env.ARCHIVE });
  const key = call?.recording_key ?? null;
  return key === null ? noRecording() : recordingResponse(env.ARCHIVE, key, request);
};

interface RecordingProps {
  call: CallRow;
  /** How far the copy is; absent when none was asked for. */
  copy: RecordingRow | undefined;
  viewer: Viewer;
}

/** The player of a call's recording, and why there is none, or none of the corrected one. Nothing where no copy was asked for. */
export function Recording({ call, copy, viewer }: RecordingProps) {
  const isOpen = copy !== undefined && copy.state !== "kept";
  if (call.recording_key === null && !isOpen) return null;
  return (
    <Sheet title="Recording">
      {call.recording_key !== null && (
        // biome-ignore lint/a11y/useMediaCaption: the conversation below says what is heard
        <audio
          class="player"
          controls
          preload="none"
          src={callPath(call.call_id, "/recording")}
          data-started-at={call.started_at ?? undefined}
        />
      )}
      {isOpen && <OpenCopy copy={copy} viewer={viewer} />}
    </Sheet>
  );
}

function OpenCopy({
  copy: { state, attempts, reason, due_at, updated_at },
  viewer,
}: {
  copy: RecordingRow;
  viewer: Viewer;
}) {
  const why = reason !== null && <bdi>{startOf(reason, REASON_CHARACTERS)}</bdi>;
  if (state === "failed") {
    return (
      <Notice tone="bad">
        The ledger could not copy the recording: {why}. It gave up after {counted(attempts, "attempt")}, on{" "}
        <Moment at={updated_at} viewer={viewer} />.
      </Notice>
    );
  }
  return (
    <p class="soft">
      {why ? <>Not copied yet: {why}. </> : "Not copied yet. "}
      {why && due_at !== null && (
        <>
          The next attempt is at <Moment at={due_at} viewer={viewer} />.
        </>
      )}
    </p>
  );
}
