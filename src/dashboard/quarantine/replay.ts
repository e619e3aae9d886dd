import * as z from "zod";
import { keyInQuarantine } from "../../archive/quarantine-key.ts";
import { readForm, readQuery } from "../../http/input.ts";
import { type Replayed, replay, replayPage } from "../../ingest/replay.ts";
import { seeOther } from "../html.ts";
import type { PageHandler } from "../page.ts";
import { withOutcome } from "../parts/outcome.tsx";
import { quarantinePath } from "./parts.tsx";

/** `POST /quarantine/replay`: plays one body again, or the page of them that is shown. */
export const replayQuarantined: PageHandler = async (request, _viewer, env, ctx) => {
  const shown = readQuery(new URL(request.url), z.object({ cursor: keyInQuarantine.optional() }));
  if (!shown.ok) return shown.response;
  const form = await readForm(request, z.object({ key: keyInQuarantine.optional() }));
  if (!form.ok) return form.response;
  const { cursor } = shown.value;
  const page = quarantinePath(cursor);

  if (form.value.key === undefined) return told(page, (await replayPage(cursor, env, ctx)).results);
  const result = await replay(form.value.key, env, ctx);
  return result === "gone" ? seeOther(withOutcome(page, "not-in-quarantine")) : told(page, [result]);
};

function told(page: string, results: readonly Replayed[]): Response {
  const recovered = results.filter((result) => result === "recovered").length;
  const some = recovered > 0 && results.includes("still-in-quarantine");
  return seeOther(withOutcome(page, some ? "played-some-again" : "played-again", recovered));
}
