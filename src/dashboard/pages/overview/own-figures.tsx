import * as z from "zod";
import type { FigureResult, FigureValue } from "../../../ledger/queries/figure.ts";
import { counted, formatNumber, NO_NUMBER } from "../../ui/numbers.ts";
import { Empty, Moment, Sheet, startOf } from "../../ui/parts.tsx";
import { callPath } from "../../ui/paths.ts";
import { Table } from "../../ui/table.tsx";
import type { Viewer } from "../../ui/viewer.ts";
import { type Tile, Tiles } from "./tiles.tsx";

const TEXT_CHARACTERS = 200;

/** From here on, String writes a power of ten; with all its digits, 1e300 would fill the page. */
const POWER_OF_TEN = 1e21;

const moment = z.iso.datetime();

type TableResult = Extract<FigureResult, { kind: "read" }>;

interface OwnFiguresProps {
  figures: readonly FigureResult[];
  viewer: Viewer;
}

/** The figures of `ledger/queries/figures.ts`: tiles first, then tables. */
export function OwnFigures({ figures, viewer }: OwnFiguresProps) {
  const tiles = figures.flatMap((figure) => tileOf(figure, viewer) ?? []);
  const tables = figures.flatMap((figure) => (figure.kind === "read" && !isTile(figure) ? figure : []));
  return (
    <>
      {tiles.length > 0 && <Tiles tiles={tiles} />}
      {tables.map((table, index) => (
        <FigureTable table={table} id={`figure-${index + 1}`} viewer={viewer} />
      ))}
    </>
  );
}

function tileOf(figure: FigureResult, viewer: Viewer): Tile | undefined {
  const { title: name } = figure;
  if (figure.kind === "failed") return { name, value: NO_NUMBER, notes: ["failed: the log says why"] };
  if (!isTile(figure)) return undefined;
  const [column = ""] = figure.columns;
  return { name, value: <Value column={column} value={figure.rows[0]?.[0] ?? null} viewer={viewer} /> };
}

function isTile({ columns, rows }: TableResult): boolean {
  return columns.length === 1 && rows.length === 1;
}

function FigureTable({ table, id, viewer }: { table: TableResult; id: string; viewer: Viewer }) {
  const { title, columns, rows, hasMore } = table;
  return (
    <Sheet id={id} title={title} note={hasMore && `the first ${rows.length} rows`}>
      {rows.length === 0 ? (
        <Empty title="Nothing in this range" />
      ) : (
        <Table<FigureValue[]>
          caption={`${title}, ${counted(rows.length, "row")}`}
          rows={rows}
          columns={columns.map((column, index) => ({
            name: column.replaceAll("_", " "),
            ...(isNumeric(rows, index) && { kind: "number" }),
            cell: (row) => <Value column={column} value={row[index] ?? null} viewer={viewer} />,
          }))}
        />
      )}
    </Sheet>
  );
}

/** Whether a column has numbers, and nothing else but gaps. */
function isNumeric(rows: readonly FigureValue[][], index: number): boolean {
  const values = rows.map((row) => row[index] ?? null).filter((value) => value !== null);
  return values.length > 0 && values.every((value) => typeof value === "number");
}

/** One value by its kind. Texts may be a caller's words. */
export function Value({ column, value, viewer }: { column: string; value: FigureValue; viewer: Viewer }) {
  if (value === null) return <>{NO_NUMBER}</>;
  if (typeof value === "number") return <>{Math.abs(value) < POWER_OF_TEN ? formatNumber(value) : String(value)}</>;
  if (column !== "call_id" && moment.safeParse(value).success) return <Moment at={value} viewer={viewer} />;
  const text = <bdi>{startOf(value, TEXT_CHARACTERS)}</bdi>;
  return column === "call_id" ? <a href={callPath(value)}>{text}</a> : text;
}
