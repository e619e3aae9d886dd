import { callDirection } from "../../../events/event.ts";
import type { Choices } from "../../../ledger/choices.ts";
import { writeMetricCondition } from "../../../ledger/metric-condition.ts";
import { Field, Select } from "../../ui/forms.tsx";
import { startOf, statusWords } from "../../ui/parts.tsx";
import { toolWords } from "./active-filters.tsx";
import { type FilterName, filterNames, metricFields, metricWords, searchOf, type Typed } from "./query.ts";

/** The choices that the form offers. */
export interface Offered extends Choices {
  /** The platforms that are on: with one alone there is nothing to choose. */
  platforms: readonly string[];
  /** The agents that took calls lately. */
  agents: readonly string[];
}

export const nothingOffered: Omit<Offered, "platforms"> = {
  ...{ agents: [], dispositions: [], agentVersions: [], agentPhones: [], tools: [], numbers: [], booleans: [] },
  texts: new Map(),
};

/** Filters behind “More filters”: the others are in sight. */
const furtherNames = [
  ...([
    "platform",
    "agent_version",
    "agent_phone",
    "call_direction",
    "min_duration",
    "max_duration",
    "min_cost",
  ] as const),
  ...(["has_recording", "tool", "tool_status"] as const),
];

const LABEL_CHARACTERS = 60;

interface FiltersProps {
  typed: Typed;
  offered: Offered;
  /** Whether something in it does not fit, and has to be seen to be mended. */
  hasMistake: boolean;
}

/** The form that filters the list. A GET, so that reloading and going back keep its fields. */
export function Filters({ typed, offered, hasMistake }: FiltersProps) {
  const search = searchOf(typed) ?? "q";
  return (
    <form method="get" action="/calls" class="sheet stack call-filters" aria-label="Filter calls">
      <div class="filters">
        <Field id={search} label={filterNames[search]} wide>
          <input
            type="search"
            id={search}
            name={search}
            value={typed[search]}
            placeholder="A phone number, a call id, words"
          />
        </Field>
        <Choice typed={typed} name="agent_id" all="All agents" options={offered.agents} />
        <Suggested typed={typed} name="disposition" options={offered.dispositions} />
        <Choice typed={typed} name="status" all="All" options={Object.entries(statusWords)} />
        <DateField typed={typed} name="from" />
        <DateField typed={typed} name="to" />
        <div class="actions">
          <button type="submit" class="main">
            Show calls
          </button>
        </div>
      </div>
      <Further typed={typed} offered={offered} hasMistake={hasMistake} />
    </form>
  );
}

/** The filters that are used less. Those of them that are on stand above the list too. */
function Further({ typed, offered, hasMistake }: FiltersProps) {
  const on = furtherNames.filter((name) => typed[name] !== undefined).length + (typed.metric?.length ?? 0);
  const platforms = new Set([typed.platform ?? [], ...offered.platforms].flat());
  return (
    <details open={hasMistake}>
      <summary>More filters{on > 0 && ` (${on} on)`}</summary>
      <div class="filters">
        {platforms.size > 1 && <Choice typed={typed} name="platform" all="All platforms" options={[...platforms]} />}
        <Choice typed={typed} name="call_direction" all="Both" options={callDirection.options} />
        <Duration typed={typed} name="min_duration" />
        <Duration typed={typed} name="max_duration" />
        <Field id="min_cost" label={filterNames.min_cost}>
          <input id="min_cost" name="min_cost" value={typed.min_cost} inputmode="decimal" placeholder="US dollars" />
        </Field>
        <Choice
          typed={typed}
          name="has_recording"
          all="Any"
          options={[
            ["true", "with"],
            ["false", "without"],
          ]}
        />
        <Suggested typed={typed} name="agent_phone" options={offered.agentPhones} />
        <Suggested typed={typed} name="agent_version" options={offered.agentVersions} />
        <Choice typed={typed} name="tool" all="Any or none" options={offered.tools} />
        <Choice typed={typed} name="tool_status" all="However" options={Object.entries(toolWords)} />
        <MetricFields offered={offered} />
      </div>
      {typed.metric?.map((condition) => (
        <input type="hidden" name="metric" value={condition} />
      ))}
    </details>
  );
}

/** Controls for one more condition on a metric, by what the metrics are: those that are on stand above the list. */
function MetricFields({ offered: { numbers, booleans, texts } }: { offered: Offered }) {
  const { number, text } = metricFields;
  return (
    <>
      {numbers.length > 0 && (
        <fieldset class="metric-filter">
          <legend>Metric, a number</legend>
          <Names name={number.metric} label="Metric" names={numbers} />
          <select name={number.comparison} aria-label="Comparison">
            {comparisons.map(([sign, word]) => (
              <option value={sign}>{word}</option>
            ))}
          </select>
          <input
            name={number.value}
            inputmode="decimal"
            aria-label="Number"
            placeholder="A number"
            autocomplete="off"
          />
        </fieldset>
      )}
      {texts.size > 0 && (
        <fieldset class="metric-filter">
          <legend>Metric, a text</legend>
          <Names name={text.metric} label="Metric" names={[...texts.keys()]} />
          <input name={text.value} list="text-values" aria-label="Text" placeholder="A text" autocomplete="off" />
          <Suggestions id="text-values" options={[...new Set([...texts.values()].flat())]} />
        </fieldset>
      )}
      {booleans.length > 0 && (
        <Field id="metric" label="Metric, yes or no">
          <select id="metric" name="metric">
            <option value="">Any</option>
            {booleans.flatMap((metric) =>
              (["true", "false"] as const).map((value) => (
                <option value={writeMetricCondition({ metric, comparison: "=", value })}>
                  {`${startOf(metricWords(metric), LABEL_CHARACTERS)}: ${value === "true" ? "yes" : "no"}`}
                </option>
              )),
            )}
          </select>
        </Field>
      )}
    </>
  );
}

const comparisons = [
  ["<=", "up to"],
  [">=", "from"],
  ["=", "is"],
  ["!=", "is not"],
  ["<", "below"],
  [">", "above"],
] as const;

function Names({ name, label, names }: { name: string; label: string; names: readonly string[] }) {
  return (
    <select name={name} aria-label={label}>
      <option value="">Any</option>
      {names.map((each) => (
        <option value={each}>{startOf(metricWords(each), LABEL_CHARACTERS)}</option>
      ))}
    </select>
  );
}

interface ControlProps {
  typed: Typed;
  name: FilterName;
}

interface ChoiceProps extends ControlProps {
  all: string;
  /** Words, or values with their words. */
  options: readonly (string | readonly [string, string])[];
}

/** A choice of one value; one that is on and not among them can be chosen too. */
function Choice({ typed, name, all, options }: ChoiceProps) {
  const pairs = options.map((option) => (typeof option === "string" ? ([option, option] as const) : option));
  const on = typed[name];
  const isOffered = on === undefined || pairs.some(([value]) => value === on);
  const words = pairs.map(([value, word]) => [value, startOf(word, LABEL_CHARACTERS)] as const);
  return (
    <Select
      label={filterNames[name]}
      name={name}
      chosen={on}
      all={all}
      options={isOffered ? words : [[on, startOf(on, LABEL_CHARACTERS)], ...words]}
    />
  );
}

/** A text, with suggestions. */
function Suggested({ typed, name, options }: ControlProps & { options: readonly string[] }) {
  return (
    <Field id={name} label={filterNames[name]}>
      <input id={name} name={name} value={typed[name]} list={`${name}-values`} placeholder="Any" autocomplete="off" />
      <Suggestions id={`${name}-values`} options={options} />
    </Field>
  );
}

function Suggestions({ id, options }: { id: string; options: readonly string[] }) {
  return (
    <datalist id={id}>
      {options.map((option) => (
        <option value={option} />
      ))}
    </datalist>
  );
}

function Duration({ typed, name }: ControlProps) {
  return (
    <Field id={name} label={filterNames[name]}>
      <input id={name} name={name} value={typed[name]} placeholder="90, 10m, 1h" autocomplete="off" />
    </Field>
  );
}

function DateField({ typed, name }: ControlProps) {
  return (
    <Field id={name} label={filterNames[name]}>
      <input type={dateControl(typed[name])} id={name} name={name} value={typed[name]} />
    </Field>
  );
}

/** The control for a date: of a day, of a time, or of text that is neither and has to be seen to be mended. */
function dateControl(typed: string | undefined): "date" | "datetime-local" | "text" {
  if (typed === undefined || /^\d{4}-\d\d-\d\d$/.test(typed)) return "date";
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(typed) ? "datetime-local" : "text";
}
