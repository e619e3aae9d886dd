import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { resolve } from "node:path";
import pWaitFor, { TimeoutError } from "p-wait-for";
import { type Child, projectFolder, runWrangler, startWrangler } from "./child.ts";
import { portOf } from "./receiver.ts";

export interface LocalLedgerOptions {
  /** Folder of its own for D1, R2 and the queues, relative to the repository. */
  state: string;
  /** Go on with what an earlier ledger left in the folder; otherwise it is deleted. */
  keep?: boolean;
  /** Secrets and vars. A `.dev.vars` that is there is not read. */
  variables: Record<string, string>;
  /** Another entry than `src/index.ts`: a Worker that wraps it, relative to the repository. */
  entry?: string;
  signal: AbortSignal;
}

/** The real Worker under `wrangler dev`, on local D1, R2 and Queues. */
export interface LocalLedger {
  /** Without a slash at the end. */
  url: string;
  /** Aborted when wrangler ends before it was told to, with an error that shows its output. */
  died: AbortSignal;
  /** Where the runtime's inspector is (Chrome DevTools Protocol). */
  inspector: string;
  stop(): Promise<void>;
  /** Ends it as a power cut would: nothing is put in order. */
  kill(): Promise<void>;
}

const START_MILLISECONDS = 30_000;
const POLL_MILLISECONDS = 100;

/** Starts a ledger, one that knows nothing yet unless told otherwise, and waits until it says that it is well. */
export async function startLocalLedger(options: LocalLedgerOptions): Promise<LocalLedger> {
  const { state, keep = false, variables, entry, signal } = options;
  const folder = resolve(projectFolder, state);
  const envFile = resolve(folder, "variables.env");
  const registry = resolve(folder, "registry");
  if (!keep) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"\n`);
  await writeFile(envFile, lines.join(""), { mode: 0o600 });
  await runWrangler(["d1", "migrations", "apply", "DB", "--local", "--persist-to", folder], registry, signal);

  const port = await freePort();
  const inspectorPort = await freePort();
  const child = startWrangler(
    [
      "dev",
      ...(entry === undefined ? [] : [entry]),
      ...[
        "--ip",
        "127.0.0.1",
        "--port",
        String(port),
        "--inspector-port",
        String(inspectorPort),
        "--local-protocol",
        "http",
      ],
      ...["--persist-to", folder, "--env-file", envFile, "--show-interactive-dev-session=false"],
    ],
    registry,
  );
  const url = `http://127.0.0.1:${port}`;
  const { died, expectEnd } = watch(child);
  const stop = async () => {
    expectEnd();
    await child.stop();
  };
  try {
    await waitUntilHealthy(url, child, AbortSignal.any([signal, died]));
  } catch (error) {
    await stop();
    throw error;
  }
  const kill = async () => {
    expectEnd();
    await child.kill();
  };
  return { url, died, inspector: `http://127.0.0.1:${inspectorPort}`, stop, kill };
}

function watch(child: Child): { died: AbortSignal; expectEnd: () => void } {
  const controller = new AbortController();
  let expected = false;
  const tell = (how: string) => {
    if (!expected) controller.abort(new Error(`wrangler dev ended ${how}:\n\n${child.output()}`));
  };
  child.ended.then(
    (code) => tell(`with exit code ${code}`),
    (error) => tell(`with ${error}`),
  );
  return {
    died: controller.signal,
    expectEnd: () => {
      expected = true;
    },
  };
}

async function waitUntilHealthy(url: string, child: Child, signal: AbortSignal): Promise<void> {
  let last = "it does not listen yet";
  const healthy = async () => {
    try {
      const response = await fetch(`${url}/healthz`, { signal });
      last = `GET /healthz answers ${response.status} ${await response.text()}`;
      return response.ok;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  };
  try {
    await pWaitFor(healthy, {
      interval: POLL_MILLISECONDS,
      timeout: START_MILLISECONDS,
      signal,
    });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    const waited = `The local ledger was not well within ${START_MILLISECONDS / 1000} s: ${last}`;
    throw new Error(`${waited}\n\nwrangler dev printed:\n\n${child.output()}`);
  }
}

/** A port nobody listens on, as of now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server.address());
  server.close();
  await once(server, "close");
  return port;
}
