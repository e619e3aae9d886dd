import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { parse } from "smol-toml";

const run = promisify(execFile);

export const root = resolve(import.meta.dirname, "../..");

/** A Worker as `wrangler deploy` would upload it. */
export interface Bundle {
  name: string;
  /** The JavaScript, minified as wrangler.toml says, and the texts it imports; the first is the entry. */
  modules: { type: "ESModule" | "Text"; path: string; contents: string }[];
  /** Whether it exports the Workflow of wrangler.toml, as the ledger does; a Worker that only stands beside it has none. */
  hasEraseJob: boolean;
  /** Settings that differ from those of wrangler.toml. */
  settings?: Record<string, string>;
  bytes: number;
  /** Of all modules together, as wrangler counts. */
  gzipBytes: number;
}

/**
 * Builds a Worker with wrangler.toml's settings and another entry, so that everything measured is what would be deployed.
 * @param entry path of the entry module, from the root of the repository
 * @param folder where the build may write
 */
export async function bundle(
  name: string,
  entry: string,
  folder: string,
  { hasEraseJob = true } = {},
): Promise<Bundle> {
  // Of its own: what an earlier build of the same name left would be taken for texts of this one.
  const outdir = mkdtempSync(join(folder, `${name}-`));
  const config = hasEraseJob ? "wrangler.toml" : configWithoutWorkflows(folder);
  await wrangler("deploy", join(root, entry), "--config", config, "--dry-run", "--outdir", outdir);
  const read = (file: string) => readFileSync(join(outdir, file), "utf8");
  const script = basename(entry).replace(/\.ts$/, ".js");
  const texts = readdirSync(outdir).filter((file) => ![script, `${script}.map`, "README.md"].includes(file));
  const modules: Bundle["modules"] = [
    { type: "ESModule", path: `${name}.js`, contents: read(script) },
    ...texts.map((file) => ({ type: "Text" as const, path: file, contents: read(file) })),
  ];
  const all = Buffer.from(modules.map(({ contents }) => contents).join(""));
  return { name, modules, hasEraseJob, bytes: all.byteLength, gzipBytes: gzipSync(all).byteLength };
}

/**
 * wrangler refuses an entry that does not export every Workflow of its configuration, and looks for its assets beside the
 * configuration.
 */
function configWithoutWorkflows(folder: string): string {
  const {
    workflows: _erasure,
    assets: _dashboard,
    ...config
  } = parse(readFileSync(join(root, "wrangler.toml"), "utf8"));
  const file = join(folder, "without-workflows.json");
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/**
 * CPU time of the start of the Worker of wrangler.toml as `wrangler check startup` profiles it, without the profiler's idle time.
 * @returns milliseconds, on this machine
 */
export async function startupMilliseconds(folder: string): Promise<number> {
  const profile = join(folder, "startup.cpuprofile");
  const text = await wrangler("check", "startup", "--outfile", profile);
  const active = /Active:\s+([\d.]+) ms/.exec(text)?.[1];
  if (active === undefined) throw new Error(`wrangler check startup did not say how long it took:\n${text}`);
  return Number(active);
}

async function wrangler(...parameters: string[]): Promise<string> {
  const { stdout } = await run(join(root, "node_modules/.bin/wrangler"), parameters, {
    cwd: root,
    env: {
      ...process.env,
      NO_COLOR: "1",
      CI: "1",
      WRANGLER_SEND_METRICS: "false",
    },
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}
