import type { Manifest } from "../../src/export/manifest.ts";

export const EXPORTED_KEY = "export/calls/day=2024-07-15/one.parquet";

/** Puts a day with a file into the archive, for tests that only ask for them. */
export async function giveExport({ ARCHIVE }: { ARCHIVE: R2Bucket }): Promise<void> {
  await ARCHIVE.put(EXPORTED_KEY, "PAR1");
  const made: Manifest = {
    day: "2024-07-15",
    export_id: "one",
    exported_at: "2024-07-16T00:23:00.000Z",
    calls: 1,
    files: [{ table: "calls", key: EXPORTED_KEY, rows: 1, bytes: 4 }],
  };
  await ARCHIVE.put("export/days/2024-07-15.json", JSON.stringify(made));
}
