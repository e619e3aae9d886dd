import * as z from "zod";
import { erasureCursor } from "../erasure/cursor.ts";
import { erase } from "../erasure/erase.ts";
import { writeCursor } from "../http/cursor.ts";
import { readForm } from "../http/input.ts";
import { ERASE_FIELD } from "./call/erase-form.tsx";
import { callPage } from "./call.tsx";
import { callIdOf, callPath } from "./call-path.ts";
import { html, seeOther } from "./html.ts";
import { Csrf, Page } from "./layout.tsx";
import type { PageHandler } from "./page.ts";
import { withOutcome } from "./parts/outcome.tsx";
import type { Viewer } from "./viewer.ts";

const form = z.object({ [ERASE_FIELD]: z.literal("yes").optional(), cursor: erasureCursor.optional() });

/** `POST /calls/{call_id}/erase`: erases a call, once the box is ticked that says what that means. */
export const eraseCall: PageHandler = async (request, viewer, env) => {
  const read = await readForm(request, form);
  if (!read.ok) return read.response;
  if (read.value[ERASE_FIELD] === undefined) {
    return callPage(request, viewer, env, "Nothing was erased: tick the box first, so that nothing goes by mistake.");
  }
  const call_id = callIdOf(request);
  const { next } = await erase({ call_id }, env, read.value.cursor);
  // Nothing found by now: somebody else erased it meanwhile, which is what was wanted.
  return next === undefined ? seeOther(withOutcome("/calls", "erased")) : goOn(call_id, writeCursor(next), viewer);
};

/** The page between two requests of an erasure that has more to look through than one may. */
function goOn(callId: string, cursor: string, viewer: Viewer): Promise<Response> {
  return html(
    <Page title="Erasing a call" viewer={viewer} section="/calls">
      <div class="page-head">
        <h1>Erasing a call</h1>
      </div>
      <form method="post" action={callPath(callId, "/erase")} class="sheet erase-sheet">
        <Csrf viewer={viewer} />
        <input type="hidden" name={ERASE_FIELD} value="yes" />
        <input type="hidden" name="cursor" value={cursor} />
        <p>
          <strong>Not finished yet.</strong> Many bodies are parked or in quarantine, and each has to be looked into for
          this call. What was found so far is gone; go on until there is no more.
        </p>
        <button type="submit" class="main">
          Go on erasing
        </button>
      </form>
    </Page>,
  );
}
