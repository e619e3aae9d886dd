import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../src/commands/wrangler.ts";

/** A change that a README shows. */
export interface Adaptation {
  name: string;
  /** @param folder a copy of the project */
  apply(folder: string): void;
}

/** Every change that a README shows, as it stands there. */
export const adaptations: readonly Adaptation[] = [
  { name: "rename", apply: (folder) => execFileSync("bash", ["-c", renaming()], { cwd: folder }) },
  { name: "sync-url", apply: (folder) => applyDiff(folder, "src/sync/README.md", "+SYNC_URL = ") },
  { name: "figure", apply: (folder) => applyDiff(folder, "README.md", "b/src/ledger/queries/figures.ts") },
  { name: "platform", apply: (folder) => applyDiff(folder, "src/platforms/README.md") },
  {
    name: "destination",
    apply: (folder) => {
      applyDiff(folder, "src/sync/README.md", "b/src/sync/destinations/index.ts");
      execFileSync("npm", ["run", "types"], { cwd: folder });
    },
  },
];

function renaming(): string {
  const [command] = /^sed -i .*$/m.exec(readFileSync(join(projectFolder, "README.md"), "utf8")) ?? [];
  if (command === undefined) throw new Error("README.md shows no sed -i command");
  return command;
}

/** @param part what a diff contains that is to be applied; without it all of them are */
function applyDiff(folder: string, readme: string, part = ""): void {
  const text = readFileSync(join(projectFolder, readme), "utf8");
  const diffs = Array.from(text.matchAll(/^```diff\n(.*?)^```/gms), ([, diff = ""]) => diff).filter((diff) =>
    diff.includes(part),
  );
  if (diffs.length === 0) throw new Error(`${readme} shows no diff with “${part}”`);
  for (const input of diffs) {
    const { status } = spawnSync("git", ["apply", "--reverse", "--check", "-"], { cwd: folder, input });
    // A project that has made a change its own has it already.
    if (status !== 0) execFileSync("git", ["apply", "-"], { cwd: folder, input });
  }
}
