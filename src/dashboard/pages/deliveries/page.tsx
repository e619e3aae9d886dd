import { readQuery } from "../../../http/input.ts";
import { pageCursor } from "../../../ledger/page.ts";
import { reader } from "../../../ledger/schema.ts";
import { countFailures, listDeliveries } from "../../../ledger/undelivered.ts";
import { configuredDestinations } from "../../../sync/destinations/index.ts";
import { withMoments } from "../../ui/form-dates.ts";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { ActionNotice } from "../../ui/notices.tsx";
import { ButtonLink, Empty, Paging, Tabs } from "../../ui/parts.tsx";
import type { PageHandler } from "../../ui/viewer.ts";
import { FailureSheet } from "./failures.tsx";
import { Filters } from "./filters.tsx";
import { SendAgain } from "./parts.tsx";
import { pathOf, states, type View, viewOf, words } from "./query.ts";
import { rangePath } from "./range.tsx";
import { DeliveryTable } from "./table.tsx";

const ROWS = 50;

/** `GET /deliveries`: lists the deliveries of a state, the newest event first; of those that failed also how many, and why. */
export const showDeliveries: PageHandler = async (request, viewer, env) => {
  const url = new URL(request.url);
  const query = readQuery(url, viewOf(viewer.timeZone).extend({ cursor: pageCursor.optional() }));
  if (!query.ok) return query.response;
  const { cursor: after, ...shown } = query.value;
  const { state, ...filter } = withMoments(shown, viewer.timeZone);
  const db = reader(env.DB);
  const [{ rows, next }, failures] = await Promise.all([
    listDeliveries(db, { ...filter, state: state === "all" ? undefined : state, after, limit: ROWS }),
    state === "failed" && after === undefined ? countFailures(db, filter) : undefined,
  ]);
  const destinations = configuredDestinations(env).map(({ name }) => name);
  const { state: _, ...chosen } = shown;
  return html(
    <Page
      title="Deliveries"
      viewer={viewer}
      section="/deliveries"
      lead="Events of calls on their way to the systems downstream, the newest first."
      aside={
        <div class="actions">
          {failures !== undefined && failures.count > 0 && (
            <SendAgain shown={shown} viewer={viewer} fields={chosen} word="Send all failed again" main />
          )}
          <ButtonLink path={rangePath(shown)}>Send a range again</ButtonLink>
        </div>
      }
    >
      <ActionNotice query={url.searchParams} />
      <Tabs
        label="State"
        tabs={states.options.map((option) => ({
          path: pathOf({ ...shown, state: option }),
          word: words[option],
          isCurrent: option === state,
        }))}
      />
      <Filters shown={shown} destinations={destinations} />
      {failures !== undefined && <FailureSheet failures={failures} shown={shown} viewer={viewer} />}
      <section class="sheet">
        {rows.length === 0 ? (
          <Nothing
            shown={shown}
            isSwitchedOn={destinations.length > 0}
            isFirst={after === undefined}
            hasNext={next !== undefined}
          />
        ) : (
          <DeliveryTable rows={rows} shown={shown} viewer={viewer} />
        )}
      </section>
      <Paging
        first={after && pathOf(shown)}
        next={next && pathOf(shown, next)}
        fewerOf={rows.length < ROWS && "deliveries"}
      />
    </Page>,
  );
};

const nothing: Record<View["state"], [title: string, text: string]> = {
  failed: ["Nothing has failed", "Every delivery has arrived or is still on the way."],
  pending: ["Nothing is on the way", "Every delivery has arrived or has failed."],
  delivered: ["Nothing has been delivered yet", "A delivery sets out when an event comes in that a destination wants."],
  skipped: ["Nothing was skipped", "No destination has turned a call down."],
  all: ["There are no deliveries yet", "One sets out when an event comes in that a destination wants."],
};

interface NothingProps {
  shown: View;
  isSwitchedOn: boolean;
  /** Whether this is the first page, and whether there are deliveries that were not looked at. */
  isFirst: boolean;
  hasNext: boolean;
}

function Nothing({ shown, isSwitchedOn, isFirst, hasNext }: NothingProps) {
  if (hasNext) return <Empty title="None so far" />;
  if (!isFirst) return <Empty title="These were all" />;
  const { state, ...chosen } = shown;
  if (Object.values(chosen).some((value) => value !== undefined)) return <Empty title="No delivery matches" />;
  const [title, text] = nothing[state];
  return <Empty title={title}>{isSwitchedOn ? text : "There is no system downstream: no destination is set."}</Empty>;
}
