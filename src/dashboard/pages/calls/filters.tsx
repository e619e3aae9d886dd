import { callDirection } from "../../../events/event.ts";
import { Field, Select } from "../../ui/forms.tsx";
import { startOf, statusWords } from "../../ui/parts.tsx";
import { type FilterName, filterKeys, filterNames, listPath, searchOf, type Typed } from "./query.ts";

const VALUE_CHARACTERS = 80;

interface FiltersProps {
  typed: Typed;
  /** The platforms that are on: with one alone there is nothing to choose. */
  platforms: readonly string[];
  /** The agents that took calls lately. */
  agents: readonly string[];
  /** Dispositions to choose from; any other may be typed. */
  dispositions: readonly string[];
}

/** The form that filters the list. A GET, so that reloading and going back keep its fields. */
export function Filters({ typed, platforms, agents, dispositions }: FiltersProps) {
  const names = new Set([typed.platform ?? [], ...platforms].flat());
  const ids = new Set([typed.agent_id ?? [], ...agents].flat());
  const select = (name: FilterName, all: string, options: [string, string][]) => (
    <Select label={filterNames[name]} name={name} chosen={typed[name]} all={all} options={options} />
  );
  const date = (name: "from" | "to") => (
    <Field id={name} label={filterNames[name]}>
      <input type={dateControl(typed[name])} id={name} name={name} value={typed[name]} />
    </Field>
  );
  const search = searchOf(typed) ?? "q";
  return (
    <form method="get" action="/calls" class="sheet filters" aria-label="Filter calls">
      <Field id={search} label={filterNames[search]} wide>
        <input
          type="search"
          id={search}
          name={search}
          value={typed[search]}
          placeholder="A phone number, a call id, words"
        />
      </Field>
      {names.size > 1 && select("platform", "All platforms", [...names].map(asOption))}
      {select("agent_id", "All agents", [...ids].map(asOption))}
      {select("call_direction", "Both", callDirection.options.map(asOption))}
      {select("status", "All", Object.entries(statusWords))}
      <Field id="disposition" label={filterNames.disposition}>
        <input
          id="disposition"
          name="disposition"
          value={typed.disposition}
          list="dispositions"
          placeholder="Any"
          autocomplete="off"
        />
      </Field>
      <datalist id="dispositions">
        {dispositions.map((disposition) => (
          <option value={disposition} />
        ))}
      </datalist>
      {date("from")}
      {date("to")}
      <div class="actions">
        <button type="submit" class="main">
          Show calls
        </button>
      </div>
    </form>
  );
}

function asOption(word: string): [string, string] {
  return [word, word];
}

/** The control for a date: of a day, of a time, or of text that is neither and has to be seen to be mended. */
function dateControl(typed: string | undefined): "date" | "datetime-local" | "text" {
  if (typed === undefined || /^\d{4}-\d\d-\d\d$/.test(typed)) return "date";
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(typed) ? "datetime-local" : "text";
}

/** The filters that are on, each with a link that takes it off. */
export function ActiveFilters({ typed }: { typed: Typed }) {
  const active = filterKeys.flatMap((name) => (typed[name] === undefined ? [] : [{ name, value: typed[name] }]));
  if (active.length === 0) return null;
  return (
    <ul class="chips" aria-label="Filters that are on">
      {active.map(({ name, value }) => (
        <li>
          <a class="chip" href={listPath("/calls", without(typed, name))}>
            <span class="soft">{filterNames[name]}</span> <bdi>{wordFor(name, value)}</bdi>
            <span aria-hidden="true">×</span>
            <span class="unseen">take off</span>
          </a>
        </li>
      ))}
      <li>
        <a href="/calls">Clear filters</a>
      </li>
    </ul>
  );
}

function without(typed: Typed, name: FilterName): Typed {
  const { [name]: _off, ...rest } = typed;
  return rest;
}

function wordFor(name: FilterName, value: string): string {
  const known = Object.entries(statusWords).find(([status]) => name === "status" && status === value);
  return startOf(known?.[1] ?? value, VALUE_CHARACTERS);
}
