import type { Child } from "hono/jsx";

/** One column of a table. */
export interface Column<Row> {
  /** Its heading; also the label of its cells where each row is a card. */
  name: string;
  /** Shown on hover: the name itself, where another is its heading. */
  title?: string;
  /** `number`: at the end of the cell, on one line. `drawn`: a chart. `action`: a form. The headings of the last two are unseen. */
  kind?: "number" | "drawn" | "action";
  /** Where a row has nothing to show, its card leaves the cell out. */
  cell: (row: Row) => Child;
}

interface TableProps<Row> {
  /** For screen readers. */
  caption: string;
  rows: readonly Row[];
  columns: readonly Column<Row>[];
  /** `cards` become a card a row where the page is too narrow for a table. */
  class?: string;
}

/** Rows under headings. */
export function Table<Row>({ caption, rows, columns, class: names = "cards" }: TableProps<Row>) {
  return (
    <div class="table-wrap">
      <table class={names}>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, title, kind }) => (
              <th scope="col" class={kind} title={title}>
                {isUnseen(kind) ? <span class="unseen">{name}</span> : name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {columns.map(({ name, kind, cell }) => (
                <td data-label={isUnseen(kind) ? undefined : name} class={kind}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function isUnseen(kind: Column<never>["kind"]): boolean {
  return kind === "drawn" || kind === "action";
}
