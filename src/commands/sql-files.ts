import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import pMap from "p-map";
import * as z from "zod";
import { type Manifest, manifest } from "../export/manifest.ts";
import { type Ask, eachPage, LedgerError } from "./ask-ledger.ts";

const DOWNLOADS_AT_ONCE = 6;

/** Times that the list of days is read: a file goes when its day is written again. */
const MAX_READS = 5;

const exported = z.array(manifest);

/**
 * Makes a folder hold the files of all days, and nothing else.
 * @param download of a path of the API; `undefined` for what is not there any longer
 */
export async function fetchFiles(
  folder: string,
  ask: Ask,
  download: (path: string) => Promise<Uint8Array | undefined>,
): Promise<Manifest[]> {
  for (let reads = 1; reads <= MAX_READS; reads++) {
    const days = await readDays(ask);
    const keys = new Set(days.flatMap(({ files }) => files.map(({ key }) => key)));
    const missing = [...keys].filter((key) => !existsSync(join(folder, key)));
    if (missing.length > 0) console.error(`fetching ${missing.length} files …`);
    const fetched = await pMap(missing, (key) => fetchFile(folder, key, download), { concurrency: DOWNLOADS_AT_ONCE });
    if (!fetched.every(Boolean)) continue;
    await removeOthers(folder, keys);
    return days;
  }
  throw new LedgerError("The days are being written again just now: try once more.");
}

async function readDays(ask: Ask): Promise<Manifest[]> {
  const days: Manifest[] = [];
  await eachPage(
    (cursor) => ask("GET", `/api/exports?${new URLSearchParams(cursor === undefined ? {} : { cursor })}`),
    (page) => {
      days.push(...exported.parse(page["exports"]));
    },
  );
  return days;
}

/** @returns whether it was there */
async function fetchFile(
  folder: string,
  key: string,
  download: (path: string) => Promise<Uint8Array | undefined>,
): Promise<boolean> {
  const bytes = await download(`/api/exports/${encodeURIComponent(key)}`);
  if (bytes === undefined) return false;
  const path = join(folder, key);
  await mkdir(dirname(path), { recursive: true });
  // A command that is stopped leaves no half file under the name of a whole one.
  await writeFile(`${path}.part`, bytes);
  await rename(`${path}.part`, path);
  return true;
}

/** Removes what was erased, corrected or retained no longer. */
async function removeOthers(folder: string, keys: ReadonlySet<string>): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !keys.has(relative(folder, path).replaceAll("\\", "/"))) await rm(path);
  }
}
