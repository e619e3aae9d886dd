import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

/** The repository, wherever its commands are called from. */
export const projectFolder = resolve(import.meta.dirname, "../../..");

const wrangler = resolve(projectFolder, "node_modules/wrangler/bin/wrangler.js");

/** Enough to see what went wrong; a demo may log for hours. */
const KEPT_OUTPUT_CHARACTERS = 20_000;

/** How long wrangler may take to end by itself. */
const GRACE_MILLISECONDS = 5000;

/** wrangler at work for us: its output is not shown. */
export interface Child {
  /** Resolves when it has ended, to its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** The end of what it has printed so far. */
  output(): string;
  /** Ends it and everything it started. Safe to repeat. */
  stop(): Promise<void>;
  /** The same at once, without a chance to put anything in order. */
  kill(): Promise<void>;
}

/**
 * Starts the project's own wrangler with these arguments. It never outlives this process.
 * @param registry a folder in which sessions of wrangler find each other: one of its own keeps this one to itself
 */
export function startWrangler(parameters: readonly string[], registry: string): Child {
  const child = spawn(process.execPath, [wrangler, ...parameters], {
    cwd: projectFolder,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...environment(), WRANGLER_REGISTRY_PATH: registry },
    // A group of its own: Ctrl+C reaches this process alone, which then ends the others in order.
    detached: process.platform !== "win32",
  });
  let printed = "";
  const keep = (chunk: string) => {
    printed = (printed + chunk).slice(-KEPT_OUTPUT_CHARACTERS);
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);

  const ended = new Promise<number | null>((resolveEnded, reject) => {
    child.once("error", reject);
    child.once("close", resolveEnded);
  });
  // Whoever waits for the end hears of it there; nobody waiting is no reason to crash.
  ended.catch(() => undefined);
  const endGroup = () => signalGroup(child, "SIGKILL");
  process.once("exit", endGroup);
  child.once("exit", () => {
    process.off("exit", endGroup);
    // The runtime outlives a wrangler that was killed.
    endGroup();
  });

  return {
    ended,
    output: () => printed.trim(),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      signalGroup(child, "SIGKILL");
      await once(child, "close");
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      signalGroup(child, "SIGTERM");
      const tooLong = setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MILLISECONDS);
      await once(child, "close");
      clearTimeout(tooLong);
    },
  };
}

/** Runs wrangler to its end; throws with all it printed when it fails. */
export async function runWrangler(parameters: readonly string[], registry: string, signal: AbortSignal): Promise<void> {
  const child = startWrangler(parameters, registry);
  const stop = () => void child.stop();
  signal.addEventListener("abort", stop);
  const code = await child.ended;
  signal.removeEventListener("abort", stop);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`wrangler ${parameters.join(" ")} failed:\n\n${child.output()}`);
}

/** This process's variables, so set that wrangler stays off the network and reads the env file it is given. */
function environment(): NodeJS.ProcessEnv {
  const { CLOUDFLARE_ENV: _other, ...inherited } = process.env;
  return {
    ...inherited,
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: "true",
    NO_COLOR: "1",
  };
}

function signalGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  if (process.platform === "win32") {
    spawnSync("taskkill", ["/pid", String(child.pid), "/T", "/F"]);
    return;
  }
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}
