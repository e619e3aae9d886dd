import type { CallFilter } from "../../../ledger/call-conditions.ts";
import type { Comparison, MetricCondition } from "../../../ledger/metric-condition.ts";
import { formatDollars } from "../../ui/numbers.ts";
import { startOf, statusWords } from "../../ui/parts.tsx";
import { formatDuration } from "../../ui/times.ts";
import { type FilterName, filterKeys, filterNames, listPath, metricWords, type Typed, without } from "./query.ts";

const VALUE_CHARACTERS = 80;

interface ActiveFiltersProps {
  typed: Typed;
  /** The filter that the typed texts come to. */
  filter: CallFilter;
}

/** The filters that are on, each with a link that takes it off. */
export function ActiveFilters({ typed, filter }: ActiveFiltersProps) {
  const active = filterKeys.flatMap((name) => (typed[name] === undefined ? [] : [{ name, value: typed[name] }]));
  const { metric = [] } = filter;
  if (active.length === 0 && metric.length === 0) return null;
  return (
    <ul class="chips" aria-label="Filters that are on">
      {active.map(({ name, value }) => (
        <Chip name={filterNames[name]} words={wordsFor(name, value, filter)} off={without(typed, name)} />
      ))}
      {metric.map((condition, index) => (
        <Chip
          name={startOf(metricWords(condition.metric), VALUE_CHARACTERS)}
          title={startOf(condition.metric, VALUE_CHARACTERS)}
          words={`${signs[condition.comparison]} ${startOf(metricWord(condition), VALUE_CHARACTERS)}`}
          off={{ ...typed, metric: typed.metric?.filter((_, nth) => nth !== index) ?? [] }}
        />
      ))}
      <li>
        <a href="/calls">Clear filters</a>
      </li>
    </ul>
  );
}

interface ChipProps {
  name: string;
  words: string;
  /** The filters without this one. */
  off: Typed;
  title?: string;
}

function Chip({ name, words, off, title }: ChipProps) {
  return (
    <li>
      <a class="chip" href={listPath("/calls", off)} title={title}>
        <bdi class="soft">{name}</bdi> <bdi>{words}</bdi>
        <span aria-hidden="true">×</span>
        <span class="unseen">take off</span>
      </a>
    </li>
  );
}

/** A comparison as people read it. */
const signs: Record<Comparison, string> = { "<=": "≤", ">=": "≥", "!=": "is not", "=": "is", "<": "<", ">": ">" };

function metricWord({ value }: MetricCondition): string {
  return yesOrNo[value.toLowerCase()] ?? value;
}

const yesOrNo: { [word: string]: string } = { true: "yes", false: "no" };

function wordsFor(name: FilterName, value: string, filter: CallFilter): string {
  const { min_duration, max_duration, min_cost } = filter;
  if (name === "min_duration" && min_duration !== undefined) return formatDuration(min_duration);
  if (name === "max_duration" && max_duration !== undefined) return formatDuration(max_duration);
  if (name === "min_cost" && min_cost !== undefined) return formatDollars(min_cost);
  if (name === "has_recording") return yesOrNo[value] ?? value;
  const words: { [value: string]: string } = name === "status" ? statusWords : name === "tool_status" ? toolWords : {};
  return startOf(Object.hasOwn(words, value) ? (words[value] ?? value) : value, VALUE_CHARACTERS);
}

/** How a tool ended, in the words of the pages. */
export const toolWords = { ok: "well", error: "with an error" };
