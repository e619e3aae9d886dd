import type { Child } from "hono/jsx";
import { statusWords } from "../parts/badge.tsx";
import { type FilterName, filterNames, type Typed } from "./query.ts";

interface FiltersProps {
  typed: Typed;
  /** The agents that took calls lately. */
  agents: readonly string[];
  /** Dispositions to choose from; any other may be typed. */
  dispositions: readonly string[];
}

const directions = ["inbound", "outbound"];

/** The form that says which calls to list. A GET: reloading and going back keep what it says. */
export function Filters({ typed, agents, dispositions }: FiltersProps) {
  const ids = new Set([...(typed.agent_id === undefined ? [] : [typed.agent_id]), ...agents]);
  return (
    <form method="get" action="/calls" class="sheet filters" aria-label="Filter calls">
      <Field name="q" wide>
        <input type="search" id="q" name="q" value={typed.q} placeholder="A phone number, a call id, words" />
      </Field>
      <Field name="agent_id">
        <Select name="agent_id" chosen={typed.agent_id} all="All agents" options={[...ids].map((id) => [id, id])} />
      </Field>
      <Field name="call_direction">
        <Select
          name="call_direction"
          chosen={typed.call_direction}
          all="Both"
          options={directions.map((direction) => [direction, direction])}
        />
      </Field>
      <Field name="status">
        <Select name="status" chosen={typed.status} all="All" options={Object.entries(statusWords)} />
      </Field>
      <Field name="disposition">
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
          <option key={disposition} value={disposition} />
        ))}
      </datalist>
      <Field name="from">
        <input type={dateControl(typed.from)} id="from" name="from" value={typed.from} />
      </Field>
      <Field name="to">
        <input type={dateControl(typed.to)} id="to" name="to" value={typed.to} />
      </Field>
      <div class="actions">
        <button type="submit" class="main">
          Show calls
        </button>
      </div>
    </form>
  );
}

/** Which control shows what is in the address: a day, a time, or what is neither and has to be seen to be mended. */
function dateControl(typed: string | undefined): "date" | "datetime-local" | "text" {
  if (typed === undefined || /^\d{4}-\d\d-\d\d$/.test(typed)) return "date";
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(typed) ? "datetime-local" : "text";
}

function Field({ name, wide = false, children }: { name: FilterName; wide?: boolean; children: Child }) {
  return (
    <div class={wide ? "field wide" : "field"}>
      <label for={name}>{filterNames[name]}</label>
      {children}
    </div>
  );
}

interface SelectProps {
  name: FilterName;
  chosen: string | undefined;
  /** What choosing nothing means. */
  all: string;
  /** Value and word. */
  options: readonly (readonly [string, string])[];
}

function Select({ name, chosen, all, options }: SelectProps) {
  return (
    <select id={name} name={name}>
      <option value="">{all}</option>
      {options.map(([value, word]) => (
        <option key={value} value={value} selected={value === chosen}>
          {word}
        </option>
      ))}
    </select>
  );
}
