import * as z from "zod";
import { logError } from "../../log.ts";
import { askStoreOnce } from "../../stores/ask.ts";
import type { LedgerReader } from "../schema.ts";
import type { StatisticsRange } from "../totals/read.ts";
import { offsetOf, withParameters } from "./parameters.ts";

/** A query of this folder on the overview: one number is a tile, anything else a table. */
export interface Figure {
  title: string;
  /** The text of the file. */
  sql: string;
}

/** What D1 returns; of a blob, an array. */
const value = z.union([z.string(), z.number(), z.null()]);
export type FigureValue = z.infer<typeof value>;

/** The names of the columns come first. */
const answer = z.tuple([z.array(z.string())]).rest(z.array(value));

export type FigureResult = { title: string } & (
  | { kind: "read"; columns: string[]; rows: FigureValue[][]; hasMore: boolean }
  | { kind: "failed" }
);

/** A page shows no more rows of a figure. */
const MAX_ROWS = 50;

/** Milliseconds for all figures of a page. D1 goes on with a query whose answer nobody awaits, for 30 s at most. */
const FIGURES_TIMEOUT_MS = 5_000;

/** Runs figures over the calls of a range. One that fails or takes too long is `failed`, with its reason in the log. */
export async function readFigures(
  db: LedgerReader,
  figures: readonly Figure[],
  range: StatisticsRange,
): Promise<FigureResult[]> {
  const until = Date.now() + FIGURES_TIMEOUT_MS;
  return Promise.all(figures.map((figure) => readFigure(db, figure, range, until)));
}

async function readFigure(
  db: LedgerReader,
  { title, sql }: Figure,
  { since, until: end, agent_id, timeZone }: StatisticsRange,
  until: number,
): Promise<FigureResult> {
  try {
    const statement = db.prepare(figureSql(sql)).bind(since, end, agent_id, offsetOf(timeZone, end));
    const [columns, ...rows] = answer.parse(
      await askStoreOnce("D1", () => statement.raw({ columnNames: true }), { until }),
    );
    return { kind: "read", title, columns, rows: rows.slice(0, MAX_ROWS), hasMore: rows.length > MAX_ROWS };
  } catch (error) {
    logError({ message: "a figure failed", figure: title }, error);
    return { kind: "failed", title };
  }
}

/** A file as a part of a SELECT, where SQLite takes nothing that writes. It has one row more than are shown. */
export function figureSql(file: string): string {
  const query = withParameters(file).replace(/;\s*$/, "");
  return `SELECT * FROM (\n${query}\n) LIMIT ${MAX_ROWS + 1}`;
}
