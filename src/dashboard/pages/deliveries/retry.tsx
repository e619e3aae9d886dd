import * as z from "zod";
import { readForm, readQuery } from "../../../http/input.ts";
import { reader } from "../../../ledger/schema.ts";
import { countFailures, type Failures, retryFilter } from "../../../ledger/undelivered.ts";
import { configuredDestinations } from "../../../sync/destinations/index.ts";
import { retryFailed } from "../../../sync/relay.ts";
import { cannotBeSent, findSendable } from "../../../sync/sendable.ts";
import { withMoments } from "../../ui/form-dates.ts";
import { html, seeOther } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { withNotice } from "../../ui/notices.tsx";
import { ButtonLink, Pairs } from "../../ui/parts.tsx";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { countedFailures, ErrorText, SendAgain } from "./parts.tsx";
import { chosenEvents, pathOf, type View, viewOf } from "./query.ts";

/** Which failed deliveries a form means. */
function chosenOf(timeZone: string) {
  return z.object({ ...retryFilter, ...chosenEvents(timeZone), confirmed: z.literal("yes").optional() });
}
type Chosen = Omit<z.output<ReturnType<typeof chosenOf>>, "confirmed">;

/** `POST /deliveries/retry`: says how many failed deliveries would be sent again and asks; sends them once that is confirmed. */
export const retryDeliveries: PageHandler = async (request, viewer, env) => {
  const shown = readQuery(new URL(request.url), viewOf(viewer.timeZone));
  if (!shown.ok) return shown.response;
  const form = await readForm(request, chosenOf(viewer.timeZone));
  if (!form.ok) return form.response;
  const { confirmed, ...chosen } = form.value;
  const sendable = findSendable(chosen.destination, configuredDestinations(env));
  if (sendable.kind === "refused") return cannotBeSent(sendable.reason);
  const filter = {
    ...withMoments(chosen, viewer.timeZone),
    destinations: sendable.destinations.map(({ name }) => name),
  };
  if (confirmed === undefined) {
    const failures = await countFailures(reader(env.DB), filter);
    if (failures.count > 0 || failures.more) return askFirst(failures, chosen, shown.value, viewer);
    return seeOther(withNotice(pathOf(shown.value), "sent-again", 0));
  }
  const { retried, more } = await retryFailed(env.DB, env.SYNC_QUEUE, filter, new Date());
  return seeOther(withNotice(pathOf(shown.value), more ? "sent-some-again" : "sent-again", retried));
};

/** The names of what was chosen, for people. */
const names: Record<keyof Chosen, string> = {
  call_id: "Call",
  event: "Event",
  event_id: "Id of the event",
  destination: "To",
  last_error: "Failed with",
  from: "From",
  to: "To the end of",
};

function askFirst({ count, more }: Failures, chosen: Chosen, shown: View, viewer: Viewer): Promise<Response> {
  const pairs = Object.entries({ ...names }).flatMap(([key, name]) => {
    const value = Object.entries(chosen).find(([field]) => field === key)?.[1];
    return value === undefined ? [] : [{ name, value: <ErrorText text={value} />, wide: key === "last_error" }];
  });
  return html(
    <Page
      title="Send again?"
      viewer={viewer}
      section="/deliveries"
      lead={`${countedFailures(count, more)} that failed.`}
    >
      <section class="sheet">
        <p>
          Each is sent with its call as the ledger has it now. Whoever receives it can tell a repetition by its{" "}
          <code>webhook-id</code>.
        </p>
        {pairs.length > 0 && <Pairs pairs={pairs} kind="facts" />}
        <div class="actions below">
          <SendAgain
            shown={shown}
            viewer={viewer}
            fields={{ ...chosen, confirmed: "yes" }}
            word={`Send ${countedFailures(count, more)} again`}
            main
          />
          <ButtonLink path={pathOf(shown)}>Send nothing</ButtonLink>
        </div>
      </section>
    </Page>,
  );
}
