import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import pWaitFor from "p-wait-for";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import * as z from "zod";
import { ask } from "../../support/ask.ts";
import { startChromium } from "./chromium.ts";
import { bootPlayedLedger, MARKUP } from "./played-ledger.ts";

type State = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** The cookies of somebody who has never been here. */
export const stranger: State = { cookies: [], origins: [] };

/** A browser, a ledger with a day in it, and somebody who is signed in there. */
export async function startVisit() {
  const ledger = await bootPlayedLedger();
  const browser = await startChromium();
  const at = (path: string) => new URL(path, ledger.url).href;
  /** What no page may do: complain on the console, or ask another host. */
  const complaints: string[] = [];

  const open = async (options: BrowserContextOptions): Promise<Page> => {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      timezoneId: "Europe/Berlin",
      ...options,
    });
    const page = await context.newPage();
    page.on("console", (message) => {
      // The browser itself remarks on an answer that is no success; which it is, is for the tests to say.
      const remark = message.text().startsWith("Failed to load resource") && message.location().url === page.url();
      if (message.type() === "error" && !remark) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("request", (request) => {
      if (new URL(request.url()).host !== new URL(ledger.url).host) complaints.push(`asked ${request.url()}`);
    });
    return page;
  };

  const signedIn = await signIn(await open({ storageState: stranger }), at("/"), ledger.token);
  return {
    ledger,
    at,
    complaints,
    open: (options: BrowserContextOptions = {}) => open({ storageState: signedIn, ...options }),
    async end() {
      await browser.close();
      await ledger.close();
    },
  };
}

export type Visit = Awaited<ReturnType<typeof startVisit>>;

async function signIn(page: Page, address: string, token: string): Promise<State> {
  await page.goto(address);
  await page.getByLabel("API token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const state = await page.context().storageState();
  await page.context().close();
  return state;
}

const startedJob = z.object({ job: z.string() });
const job = z.object({ status: z.string() });

/** The pages worth looking at: the overview of the day that was played, two calls, and an erasure. */
export function addressesOf({ ledger }: Visit) {
  return {
    overview: `/?range=own&from=${ledger.day}&to=${ledger.day}`,
    hostileCall: `/calls/${encodeURIComponent(`hostile ${MARKUP}`)}`,
    /** A call that somebody answered, and that is still there. */
    async answeredCall(): Promise<string> {
      const call_id = await ledger.DB.prepare(
        "SELECT call_id FROM calls WHERE transcript_turns > 4 AND status = 'analyzed' ORDER BY call_id LIMIT 1",
      ).first<string>("call_id");
      return `/calls/${encodeURIComponent(call_id ?? "")}`;
    },
    /** The query of a caller who called most often. */
    async caller(): Promise<string> {
      const phone = await ledger.DB.prepare(
        "SELECT caller_phone FROM calls WHERE caller_phone GLOB '+[0-9]*' GROUP BY caller_phone ORDER BY count(*) DESC LIMIT 1",
      ).first<string>("caller_phone");
      return `?${new URLSearchParams({ phone: phone ?? "" })}`;
    },
    /** Erases a call in which little was said. */
    async completeErasure(): Promise<string> {
      const call_id = await ledger.DB.prepare(
        "SELECT call_id FROM calls WHERE call_id NOT GLOB 'hostile *' ORDER BY coalesce(transcript_turns, 0), call_id LIMIT 1",
      ).first<string>("call_id");
      const started = await ask(ledger.url, `/api/calls/${encodeURIComponent(call_id ?? "")}`, { method: "DELETE" });
      const id = startedJob.parse(started.body).job;
      const isComplete = async () => job.parse((await ask(ledger.url, `/api/jobs/${id}`)).body).status === "complete";
      await pWaitFor(isComplete, { interval: 100, timeout: 20_000 });
      return `/erasures/${id}`;
    },
  };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const violations = z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) }));

/** What axe-core finds wrong with a page for people who do not see it, or not well. */
export async function violationsOf(page: Page): Promise<string[]> {
  // In a world of its own: the page's policy lets no foreign script run.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const world = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const contextId = world.executionContextId;
  await session.send("Runtime.evaluate", { expression: axeSource, contextId });
  const { result } = await session.send("Runtime.evaluate", {
    expression: "axe.run().then(({ violations }) => JSON.stringify(violations))",
    awaitPromise: true,
    contextId,
  });
  await session.detach();
  return violations.parse(JSON.parse(String(result.value))).map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

/** Whether something is wider than the screen, so that a page must be pushed sideways to be read. */
export async function overflows(page: Page): Promise<boolean> {
  return z.boolean().parse(await page.evaluate("document.documentElement.scrollWidth > innerWidth"));
}
