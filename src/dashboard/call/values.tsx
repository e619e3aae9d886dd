import { isJsonObject } from "../../events/fields.ts";
import { OVERFLOW_KEY } from "../../ledger/fit.ts";
import { counted, formatNumber } from "../numbers.ts";
import { Clipped, startOf } from "../parts/clipped.tsx";
import { Pairs } from "../parts/pairs.tsx";

const MAX_PAIRS = 200;
const NAME_CHARACTERS = 120;
const VALUE_CHARACTERS = 1000;

interface ValuesProps {
  title: string;
  /** The column: JSON text of an object, or null. */
  json: string | null;
  /** What it means that there are none. */
  none: string;
}

/** The variables or metrics of a call. */
export function Values({ title, json, none }: ValuesProps) {
  const id = title.toLowerCase();
  const { overflow, entries } = entriesOf(json);
  return (
    <section class="sheet" aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
      </header>
      {entries.length === 0 && overflow === undefined && <p class="soft">{none}</p>}
      <Pairs
        pairs={entries
          .slice(0, MAX_PAIRS)
          .map(([name, value]) => ({ name: startOf(name, NAME_CHARACTERS), value: <Value value={value} /> }))}
      />
      {entries.length > MAX_PAIRS && (
        <p class="soft below">… and {counted(entries.length - MAX_PAIRS, "more", "more")}: D1 has them.</p>
      )}
      {overflow !== undefined && (
        <p class="notice warn below">
          There was more than a row of D1 holds. The whole body is in R2, under{" "}
          <code class="anywhere">
            <bdi>{startOf(overflow, VALUE_CHARACTERS)}</bdi>
          </code>
          .
        </p>
      )}
    </section>
  );
}

function entriesOf(json: string | null): { overflow: string | undefined; entries: [string, unknown][] } {
  const values: unknown = json === null ? {} : JSON.parse(json);
  if (!isJsonObject(values)) return { overflow: undefined, entries: [["", values]] };
  const overflow = values[OVERFLOW_KEY];
  return {
    overflow: typeof overflow === "string" ? overflow : undefined,
    entries: Object.entries(values).filter(([name]) => name !== OVERFLOW_KEY),
  };
}

function Value({ value }: { value: unknown }) {
  switch (typeof value) {
    case "boolean":
      return value ? "yes" : "no";
    case "number":
      return formatNumber(value);
    case "string":
      return value === "" ? (
        <span class="soft">empty</span>
      ) : (
        <span dir="auto">
          <Clipped text={value} limit={VALUE_CHARACTERS} rest="D1 has the rest" />
        </span>
      );
    default:
      return (
        <code dir="auto">
          <Clipped text={JSON.stringify(value)} limit={VALUE_CHARACTERS} rest="D1 has the rest" />
        </code>
      );
  }
}
