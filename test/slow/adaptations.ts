import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../src/commands/wrangler.ts";

/** A change that a README shows. */
export interface Adaptation {
  name: string;
  /** @param folder a copy of the project */
  apply(folder: string): void;
}

/** Every change that a README shows, as it stands there. */
export const adaptations: readonly Adaptation[] = [
  { name: "rename", apply: (folder) => execFileSync("bash", ["-c", renaming()], { cwd: folder }) },
  { name: "sync-url", apply: (folder) => applyDiff(folder, "README.md") },
  { name: "platform", apply: (folder) => applyDiff(folder, "src/platforms/README.md") },
  {
    name: "destination",
    apply: (folder) => {
      applyDiff(folder, "src/sync/README.md");
      execFileSync("npm", ["run", "types"], { cwd: folder });
    },
  },
];

function renaming(): string {
  const [command] = /^sed -i .*$/m.exec(readFileSync(join(projectFolder, "README.md"), "utf8")) ?? [];
  if (command === undefined) throw new Error("README.md shows no sed -i command");
  return command;
}

function applyDiff(folder: string, readme: string): void {
  const text = readFileSync(join(projectFolder, readme), "utf8");
  const diffs = Array.from(text.matchAll(/^```diff\n(.*?)^```/gms), ([, diff = ""]) => diff);
  if (diffs.length === 0) throw new Error(`${readme} shows no diff`);
  for (const input of diffs) {
    const { status } = spawnSync("git", ["apply", "--reverse", "--check", "-"], { cwd: folder, input });
    // A project that has made a change its own has it already.
    if (status !== 0) execFileSync("git", ["apply", "-"], { cwd: folder, input });
  }
}
