import * as z from "zod";
import { eventName } from "../../../events/event.ts";
import { invalidRequest, readForm, readQuery } from "../../../http/input.ts";
import { findOpenJob } from "../../../ledger/jobs.ts";
import { deliveryFilter } from "../../../ledger/undelivered.ts";
import { planRange, type RangePlan, startSending } from "../../../sync/again/start.ts";
import { configuredDestinations } from "../../../sync/destinations/index.ts";
import { cannotBeSent } from "../../../sync/sendable.ts";
import { withMoments } from "../../ui/form-dates.ts";
import { DayField, PostForm, Select } from "../../ui/forms.tsx";
import { html, seeOther } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { Notice } from "../../ui/notices.tsx";
import { counted } from "../../ui/numbers.ts";
import { ButtonLink } from "../../ui/parts.tsx";
import { withQuery } from "../../ui/paths.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { chosenEvents } from "./query.ts";
import { sendingPath } from "./sending.tsx";

/** The events that are meant, as the form has it. */
function chosenRange(timeZone: string) {
  return z.object({ destination: deliveryFilter.destination, ...chosenEvents(timeZone) });
}
type ChosenRange = z.output<ReturnType<typeof chosenRange>>;

/** The address of the form that sends a range again, filled in. */
export function rangePath({ from, to, event, destination }: ChosenRange): string {
  return withQuery("/deliveries/range", { from, to, event, destination });
}

/** `GET /deliveries/range`: shows the form for a range, and asks once it is filled in, with how much the range has. */
export const showRange: PageHandler = async (request, viewer, env) => {
  const query = readQuery(new URL(request.url), chosenRange(viewer.timeZone));
  if (!query.ok) return query.response;
  const chosen = query.value;
  const open = await findOpenJob(env.DB, "send-again");
  const plan = open === undefined ? await planOf(chosen, viewer, env) : undefined;
  return html(
    <Page
      title="Send a range again"
      viewer={viewer}
      section="/deliveries"
      back={{ path: "/deliveries", name: "Deliveries" }}
      lead="Every event of some days, whether it was delivered or not: after a bad weekend, or to a destination that is new."
    >
      {open === undefined ? (
        <RangeForm chosen={chosen} destinations={configuredDestinations(env).map(({ name }) => name)} />
      ) : (
        <Notice tone="warn">
          One range at a time: another one is on its way. <a href={sendingPath(open.id)}>See how far it is</a>
        </Notice>
      )}
      {plan && <Question plan={plan} chosen={chosen} viewer={viewer} />}
    </Page>,
  );
};

/** `POST /deliveries/range/send`: starts the job that sends a range again. */
export const sendRange: PageHandler = async (request, viewer, env) => {
  const form = await readForm(request, chosenRange(viewer.timeZone));
  if (!form.ok) return form.response;
  const plan = await planOf(form.value, viewer, env);
  if (plan === undefined) return invalidRequest([{ path: "", message: "A range takes both from and to" }]);
  if (plan.kind === "refused") return cannotBeSent(plan.reason);
  return seeOther(sendingPath(await startSending(plan.range, plan.deliveries, env)));
};

/** Works out what a choice would send; `undefined` if it is no range. */
async function planOf(chosen: ChosenRange, { timeZone }: Viewer, env: Env): Promise<RangePlan | undefined> {
  const { from, to, ...others } = withMoments(chosen, timeZone);
  return from === undefined || to === undefined ? undefined : planRange({ ...others, from, to }, env);
}

/** A GET, so that reloading and going back keep its fields. */
function RangeForm({ chosen, destinations }: { chosen: ChosenRange; destinations: readonly string[] }) {
  const { from, to, event, destination } = chosen;
  const names = new Set([destination ?? [], ...destinations].flat());
  return (
    <form method="get" action="/deliveries/range" class="sheet filters" aria-label="Range">
      <DayField name="from" label="From" value={from} required />
      <DayField name="to" label="To the end of" value={to} required />
      <Select
        label="Event"
        name="event"
        chosen={event}
        all="Those wanted"
        options={eventName.options.map((name) => [name, name] as const)}
      />
      <Select
        label="To"
        name="destination"
        chosen={destination}
        all="All destinations"
        options={[...names].map((name) => [name, name] as const)}
      />
      <div class="actions">
        <button type="submit" class="main">
          Count deliveries
        </button>
      </div>
    </form>
  );
}

function Question({ plan, chosen, viewer }: { plan: RangePlan; chosen: ChosenRange; viewer: Viewer }) {
  if (plan.kind === "refused") return <Notice tone="bad">{plan.reason}</Notice>;
  if (plan.deliveries === 0) return <Notice tone="warn">There is nothing to send in this range.</Notice>;
  const count = counted(plan.deliveries, "delivery", "deliveries");
  return (
    <PostForm action="/deliveries/range/send" viewer={viewer} fields={{ ...chosen }} class="sheet">
      <p>
        The range has <strong>{count}</strong>. Each is sent with its call as the ledger has it now. Whoever receives it
        can tell a repetition by its <code>webhook-id</code>.
      </p>
      <div class="actions below">
        <button type="submit" class="main">
          Send {count} again
        </button>
        <ButtonLink path="/deliveries">Send nothing</ButtonLink>
      </div>
    </PostForm>
  );
}
