import * as z from "zod";
import { INSPECTION_PATH, type ListedObject, type Question } from "../../support/stores/inspection.ts";

type Row = Record<string, string | number | null>;

/** The stores of a running ledger on `faulty-ledger.ts`, seen from outside. */
export interface Inspector {
  query(sql: string, ...values: string[]): Promise<Row[]>;
  /** The first number of the first row. */
  count(sql: string, ...values: string[]): Promise<number>;
  objects(prefix: string): Promise<ListedObject[]>;
  body(key: string): Promise<Uint8Array>;
}

const rows = z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()])));
const listedObjects = z.array(
  z.object({
    key: z.string(),
    sha256: z.string().optional(),
    version: z.string().optional(),
  }),
);

/** @param url where the ledger is now: it may be another one after a restart */
export function inspector(url: () => string): Inspector {
  async function ask(question: Question): Promise<Response> {
    const response = await fetch(new URL(INSPECTION_PATH, url()), { method: "POST", body: JSON.stringify(question) });
    if (!response.ok)
      throw new Error(`${INSPECTION_PATH} answers ${response.status} to ${JSON.stringify(question).slice(0, 200)}`);
    return response;
  }
  const query = async (sql: string, ...values: string[]) => rows.parse(await (await ask({ sql, values })).json());
  return {
    query,
    async count(sql, ...values) {
      const [row = {}] = await query(sql, ...values);
      return Number(Object.values(row)[0]);
    },
    async objects(prefix) {
      const objects = listedObjects.parse(await (await ask({ prefix })).json());
      return objects.map(({ key, sha256, version }) => ({ key, sha256, version }));
    },
    body: async (key) => new Uint8Array(await (await ask({ key })).arrayBuffer()),
  };
}
