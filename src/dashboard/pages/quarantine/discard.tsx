import * as z from "zod";
import { discardKeys, discardPage } from "../../../held/discard.ts";
import { keyInQuarantine } from "../../../held/held.ts";
import { listNewestQuarantined } from "../../../held/list.ts";
import { invalidRequest, readForm } from "../../../http/input.ts";
import { withMoments } from "../../ui/form-dates.ts";
import { PostForm } from "../../ui/forms.tsx";
import { html, seeOther } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { withNotice } from "../../ui/notices.tsx";
import { formatCount } from "../../ui/numbers.ts";
import { ButtonLink, startOf } from "../../ui/parts.tsx";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { chosenBodies } from "./query.ts";
import { reasonWords } from "./reason.tsx";

const ACTION = "/quarantine/discard";

/** Which bodies a form means: one, or those of a reason or of some days. */
function chosenOf(timeZone: string) {
  return z.object({
    key: keyInQuarantine.optional(),
    ...chosenBodies(timeZone),
    confirmed: z.literal("yes").optional(),
  });
}
type Chosen = Omit<z.output<ReturnType<typeof chosenOf>>, "confirmed">;

/** `POST /quarantine/discard`: says how many bodies would go for good and asks; discards them once that is confirmed. */
export const discardQuarantined: PageHandler = async (request, viewer, env) => {
  const form = await readForm(request, chosenOf(viewer.timeZone));
  if (!form.ok) return form.response;
  const { confirmed, ...chosen } = form.value;
  const { key, ...filter } = chosen;
  if (Object.values(chosen).every((value) => value === undefined)) {
    return invalidRequest([{ path: "", message: "Choose a body, a reason, or days" }]);
  }
  if (confirmed === undefined) {
    return key === undefined
      ? askFirst(chosen, viewer, env)
      : html(<Question chosen={chosen} count="1" viewer={viewer} />);
  }
  if (key !== undefined) {
    return seeOther(withNotice("/quarantine", "discarded", await discardKeys(env.ARCHIVE, [key])));
  }
  const { discarded, next } = await discardPage(env.ARCHIVE, withMoments(filter, viewer.timeZone));
  return seeOther(withNotice("/quarantine", next === undefined ? "discarded" : "discarded-some", discarded));
};

/** Bodies that are counted before one is asked. */
const COUNTED = 1_000;

async function askFirst(given: Chosen, viewer: Viewer, env: Env): Promise<Response> {
  // What comes in from now on is not counted, and does not go.
  const chosen = { ...given, to: given.to ?? new Date().toISOString() };
  const { key: _, ...filter } = withMoments(chosen, viewer.timeZone);
  const { bodies, next } = await listNewestQuarantined(env.ARCHIVE, COUNTED, undefined, filter);
  if (bodies.length === 0 && next === undefined) return seeOther(withNotice("/quarantine", "discarded", 0));
  const count = `${formatCount(bodies.length)}${next === undefined ? "" : " or more"}`;
  return html(<Question chosen={chosen} count={count} viewer={viewer} />);
}

const KEY_CHARACTERS = 200;

function Question({ chosen, count, viewer }: { chosen: Chosen; count: string; viewer: Viewer }) {
  const { key, reason } = chosen;
  const words = count === "1" ? "1 body" : `${count} bodies`;
  return (
    <Page title="Discard from quarantine?" viewer={viewer} section="/quarantine" lead={`${words}, for good.`}>
      <section class="sheet">
        <p>
          {reason && `${reasonWords[reason]}. `}
          What is discarded cannot be played again any more. The log keeps its key, reason and platform, and nothing of
          what is in it. <strong>It cannot be undone.</strong>
        </p>
        {key !== undefined && <p class="small soft">{startOf(key, KEY_CHARACTERS)}</p>}
        <div class="actions below">
          <PostForm action={ACTION} viewer={viewer} fields={{ ...chosen, confirmed: "yes" }}>
            <button type="submit" class="bad">
              Discard {words}
            </button>
          </PostForm>
          <ButtonLink path="/quarantine">Discard nothing</ButtonLink>
        </div>
      </section>
    </Page>
  );
}

interface DiscardFormProps {
  which: Chosen;
  viewer: Viewer;
}

/** The button that discards bodies; the next page says how many, and asks. */
export function DiscardForm({ which, viewer }: DiscardFormProps) {
  return (
    <PostForm action={ACTION} viewer={viewer} fields={{ ...which }}>
      <button type="submit">{which.key === undefined ? "Discard these" : "Discard"}</button>
    </PostForm>
  );
}
