import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFolder } from "../../src/commands/wrangler.ts";

const copied = ["src", ".dev.vars.example", "wrangler.toml", "package.json", "tsconfig.json"];

/**
 * A copy of the project as somebody has it who has just cloned it and installed, to run its commands in: they write files.
 * @example using project = copyProject();
 */
export function copyProject() {
  const folder = mkdtempSync(join(tmpdir(), "call-ledger-copy-"));
  for (const name of copied) cpSync(join(projectFolder, name), join(folder, name), { recursive: true });
  symlinkSync(join(projectFolder, "node_modules"), join(folder, "node_modules"), "junction");

  return {
    folder,
    /** Runs a command of src/commands without a terminal, as CI does. */
    async run(command: string, parameters: string[] = [], environment: Record<string, string> = {}) {
      const { ended, output } = start(folder, command, parameters, environment);
      return { exitCode: await ended, output: output() };
    },
    /** Starts one that does not end by itself. */
    start: (command: string, parameters: string[] = []) => start(folder, command, parameters, {}),
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function start(folder: string, command: string, parameters: string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(folder, "src/commands", command), ...parameters], {
    cwd: folder,
    env: {
      ...inheritedEnvironment(),
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, ".config"),
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_SEND_ERROR_REPORTS: "false",
      // The tests stay on this machine: the banner asks the package registry for a newer wrangler, and the local
      // runtime asks Cloudflare where it is.
      WRANGLER_HIDE_BANNER: "true",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      NO_COLOR: "1",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      printed += chunk;
    });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return {
    /** What it has printed so far. */
    output: () => printed,
    /** Resolves to its exit code. */
    ended,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Without what would reach a command by accident: somebody's real account, or the settings of a build service. */
function inheritedEnvironment() {
  const environment = { ...process.env };
  for (const name of Object.keys(environment)) {
    const isOurs = /^(CLOUDFLARE|CF|WRANGLER|WORKERS|NODE|VITEST|LEDGER|API|SYNC|SLACK|ALERT|PUBLIC|SILENCE)_/.test(
      name,
    );
    if (isOurs || /^(ATOMS|RETELL|VAPI|ELEVENLABS|CUSTOM)_/.test(name)) delete environment[name];
  }
  return environment;
}
