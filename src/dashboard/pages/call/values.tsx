import { isJsonObject } from "../../../events/fields.ts";
import { OVERFLOW_KEY } from "../../../ledger/overflow.ts";
import { Notice } from "../../ui/notices.tsx";
import { counted, formatNumber } from "../../ui/numbers.ts";
import { Clipped, Pairs, Sheet, startOf } from "../../ui/parts.tsx";

const MAX_PAIRS = 200;
const NAME_CHARACTERS = 120;
const VALUE_CHARACTERS = 1000;

interface ValuesProps {
  title: string;
  /** The column: JSON text of an object, or null. */
  json: string | null;
  /** Stands where there are none, and says why. */
  none: string;
  /** The name of a value for people. Absent: as it is. */
  words?: (name: string) => string;
}

/** The variables or metrics of a call. */
export function Values({ title, json, none, words = (name) => name }: ValuesProps) {
  const { overflow, entries } = entriesOf(json);
  return (
    <Sheet title={title}>
      {entries.length === 0 && overflow === undefined && <p class="soft">{none}</p>}
      <Pairs
        pairs={entries.slice(0, MAX_PAIRS).map(([name, value]) => ({
          name: startOf(words(name), NAME_CHARACTERS),
          title: startOf(name, NAME_CHARACTERS),
          value: <Value value={value} />,
        }))}
      />
      {entries.length > MAX_PAIRS && (
        <p class="soft below">… and {counted(entries.length - MAX_PAIRS, "more", "more")}: D1 has them.</p>
      )}
      {overflow !== undefined && (
        <Notice tone="warn">
          This is more than a row of D1 holds. The whole body is in R2, under{" "}
          <code class="anywhere">
            <bdi>{startOf(overflow, VALUE_CHARACTERS)}</bdi>
          </code>
          .
        </Notice>
      )}
    </Sheet>
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
      if (value === "") return <span class="soft">empty</span>;
      return (
        <span dir="auto">
          <Clipped text={value} limit={VALUE_CHARACTERS} />
        </span>
      );
    default:
      return (
        <code dir="auto">
          <Clipped text={JSON.stringify(value)} limit={VALUE_CHARACTERS} />
        </code>
      );
  }
}
