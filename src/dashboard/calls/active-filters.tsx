import { statusWords } from "../parts/badge.tsx";
import { startOf } from "../parts/clipped.tsx";
import { type FilterName, filterKeys, filterNames, listPath, type Typed, without } from "./query.ts";

const VALUE_CHARACTERS = 80;

/** Which filters are on, each with a way to take it off. */
export function ActiveFilters({ typed }: { typed: Typed }) {
  const active = filterKeys.flatMap((name) => (typed[name] === undefined ? [] : [{ name, value: typed[name] }]));
  if (active.length === 0) return null;
  return (
    <ul class="chips" aria-label="Filters that are on">
      {active.map(({ name, value }) => (
        <li key={name}>
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

function wordFor(name: FilterName, value: string): string {
  const known = Object.entries(statusWords).find(([status]) => name === "status" && status === value);
  return startOf(known?.[1] ?? value, VALUE_CHARACTERS);
}
