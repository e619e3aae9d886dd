import * as z from "zod";
import { type numberPreview, previewNumberErasure, startNumberErasure, wholePhone } from "../../../erasure/start.ts";
import { readForm, readQuery } from "../../../http/input.ts";
import { PostForm } from "../../ui/forms.tsx";
import { html, seeOther } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { Notice } from "../../ui/notices.tsx";
import { counted } from "../../ui/numbers.ts";
import { ButtonLink } from "../../ui/parts.tsx";
import { withQuery } from "../../ui/paths.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { ERASE_FIELD } from "../call/erase-form.tsx";
import { erasurePath } from "../erasure.tsx";
import { namedCaller } from "./page.tsx";

/** `GET /callers/erase?phone=`: shows what the erasure of a number would take, and asks. */
export const askToErase: PageHandler = async (request, viewer, env) => {
  const named = readQuery(new URL(request.url), namedCaller);
  return named.ok ? askPage(named.value.phone, viewer, env) : named.response;
};

/** `POST /callers/erase/start`: starts the erasure of all calls of a number, once the box is ticked. */
export const eraseCaller: PageHandler = async (request, viewer, env) => {
  const form = await readForm(request, z.object({ phone: wholePhone, [ERASE_FIELD]: z.literal("yes").optional() }));
  if (!form.ok) return form.response;
  const { phone } = form.value;
  if (form.value[ERASE_FIELD] === undefined) {
    return askPage(phone, viewer, env, "Nothing was erased: tick the box first, so that nothing goes by mistake.");
  }
  return seeOther(erasurePath(await startNumberErasure(phone, env)));
};

async function askPage(phone: string, viewer: Viewer, env: Env, formError?: string) {
  const preview = await previewNumberErasure(phone, { db: env.DB, bucket: env.ARCHIVE });
  const callerPage = withQuery("/callers", { phone });
  return html(
    <Page
      title="Erase everything of a caller"
      viewer={viewer}
      section="/calls"
      back={{ path: callerPage, name: phone }}
    >
      {formError !== undefined && <Notice tone="bad">{formError}</Notice>}
      <PostForm action="/callers/erase/start" viewer={viewer} fields={{ phone }} class="sheet erase-sheet">
        <p>
          Of <bdi>{phone}</bdi> {sentenceOf(preview)} go: rows, events and deliveries in D1, transcripts and recordings
          in R2. What was sent downstream already stays there. <strong>It cannot be undone.</strong>
        </p>
        {!preview.complete && (
          <Notice tone="warn">More bodies are held than were looked through: there may be more of this caller.</Notice>
        )}
        <label class="check">
          <input type="checkbox" name={ERASE_FIELD} value="yes" required />
          <span>I understand that these calls will be gone for good</span>
        </label>
        <div class="actions">
          <button type="submit" class="bad">
            Erase everything of this caller
          </button>
          <ButtonLink path={callerPage}>Keep it</ButtonLink>
        </div>
      </PostForm>
    </Page>,
    { status: formError === undefined ? 200 : 400 },
  );
}

function sentenceOf({ calls, parked, quarantined }: z.infer<typeof numberPreview>): string {
  return `${counted(calls, "call")}, ${counted(parked, "parked body", "parked bodies")} and ${counted(quarantined, "body", "bodies")} in quarantine`;
}
