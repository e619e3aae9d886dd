import * as z from "zod";
import { callQuery, nothing, operation } from "../http/operation.ts";
import { reader } from "../ledger/schema.ts";
import { findArchived } from "../letting-go/read.ts";
import { unknownCall } from "../reading/call.ts";
import { audioKinds } from "../recordings/audio.ts";
import { noRecording, recordingResponse } from "../recordings/play.ts";

/** `GET /api/calls/{call_id}/recording`: the ledger's own copy of the audio, whole or a range of it. */
export const getRecording = operation({
  method: "get",
  path: "/calls/{call_id}/recording",
  summary: "The audio of a call, as the archive has it; with Range a part of it (206, or 416)",
  query: callQuery,
  body: nothing,
  answers: Object.fromEntries(audioKinds.map(({ contentType }) => [contentType, z.string()])),
  problems: [404],
  async perform({ parameter: callId, request }, env) {
    const call = await findArchived(callId, { db: reader(env.DB), bucket: env.ARCHIVE });
    if (call === undefined) return unknownCall();
    return call.recording_key === null ? noRecording() : recordingResponse(env.ARCHIVE, call.recording_key, request);
  },
});
