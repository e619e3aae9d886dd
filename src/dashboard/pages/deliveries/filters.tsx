import { eventName } from "../../../events/event.ts";
import { DayField, Select } from "../../ui/forms.tsx";
import { pathOf, type View } from "./query.ts";

interface FiltersProps {
  shown: View;
  /** The names of those that are switched on. */
  destinations: readonly string[];
}

/** The form that filters the list. A GET, so that reloading and going back keep its fields. */
export function Filters({ shown, destinations }: FiltersProps) {
  const { state, destination, event, from, to } = shown;
  const names = new Set([destination ?? [], ...destinations].flat());
  const isFiltered = [destination, event, from, to].some((value) => value !== undefined);
  return (
    <form method="get" action="/deliveries" class="sheet filters" aria-label="Filter deliveries">
      <input type="hidden" name="state" value={state} />
      <Select
        label="To"
        name="destination"
        chosen={destination}
        all="All destinations"
        options={[...names].map((name) => [name, name] as const)}
      />
      <Select
        label="Event"
        name="event"
        chosen={event}
        all="All events"
        options={eventName.options.map((name) => [name, name] as const)}
      />
      <DayField name="from" label="From" value={from} />
      <DayField name="to" label="To the end of" value={to} />
      <div class="actions">
        <button type="submit" class="main">
          Show deliveries
        </button>
        {isFiltered && <a href={pathOf({ state })}>Clear filters</a>}
      </div>
    </form>
  );
}
