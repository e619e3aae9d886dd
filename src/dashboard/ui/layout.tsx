import type { Child } from "hono/jsx";
import { BRAND } from "../../settings.ts";
import { formatWaiting, type Waiting } from "../waiting.ts";
import { PostForm } from "./forms.tsx";
import type { Viewer } from "./viewer.ts";

const sections = [
  ["/", "Overview", ["alerts"], "open alerts"],
  ["/calls", "Calls", ["live"], "going on"],
  ["/deliveries", "Deliveries", ["failed"], "failed"],
  ["/quarantine", "Quarantine", ["quarantined", "parked"], "waiting"],
] as const;

/** In this order, so that particular rules override general ones. */
const styles = ["base", "frame", "sheets", "tables", "forms", "charts", "overview", "calls", "call"];

interface PageProps {
  title: string;
  viewer: Viewer;
  /** The entry of the navigation that the page belongs to, if any. */
  section: (typeof sections)[number][0] | undefined;
  /** Stands above the title: the page that this one is below. */
  back?: { path: string; name: string };
  /** Stands under the title. */
  lead?: Child;
  /** Stands beside the title: an action on all of the page. */
  aside?: Child;
  children: Child;
}

/** A page for somebody who is signed in. */
export function Page({ title, viewer, section, back, lead, aside, children }: PageProps) {
  return (
    <Frame title={title} timeZone={viewer.timeZone}>
      <header class="top">
        <div class="top-inner">
          <Brand />
          <nav aria-label="Main">
            <ul>
              {sections.map(([path, name, kinds, words]) => (
                <li>
                  <a href={path} aria-current={path === section ? "page" : undefined}>
                    {name}
                    <Count kinds={kinds} words={words} waiting={viewer.waiting} />
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          {viewer.canSignOut && (
            <PostForm action="/sign-out" viewer={viewer}>
              <button type="submit" class="plain">
                Sign out
              </button>
            </PostForm>
          )}
        </div>
      </header>
      <main id="main">
        <div class="page-head">
          <div>
            {back && (
              <p class="small back">
                <a href={back.path}>{back.name}</a>
              </p>
            )}
            <h1>
              <bdi>{title}</bdi>
            </h1>
            {lead && <p>{lead}</p>}
          </div>
          {aside}
        </div>
        {children}
      </main>
      <footer class="foot">
        <span>Times in {viewer.timeZone.replaceAll("_", " ")}</span>
        <span>{BRAND}</span>
      </footer>
    </Frame>
  );
}

interface CountProps {
  kinds: readonly (keyof Waiting)[];
  words: string;
  waiting: Promise<Waiting> | undefined;
}

/** What a section has that goes on or waits; nothing where there is none, or where it is not known. */
async function Count({ kinds, words, waiting }: CountProps) {
  const counts = await waiting;
  const known = kinds.map((kind) => counts?.[kind] ?? 0);
  const sum = known.reduce((total, count) => total + count, 0);
  if (sum === 0) return null;
  return (
    <span class={kinds.some((kind) => kind === "live") ? "count" : "count pressing"}>
      {formatWaiting(sum)}
      <span class="unseen"> {words}</span>
    </span>
  );
}

/** A page that stands alone: the sign-in, or a problem. */
export function LonePage({ title, children }: { title: string; children: Child }) {
  return (
    <Frame title={title}>
      <main id="main">
        <div class="alone">
          <div class="sheet">{children}</div>
        </div>
      </main>
    </Frame>
  );
}

/** The name of the product, which leads to the overview. */
export function Brand() {
  return (
    <a class="brand" href="/">
      <svg
        viewBox="0 0 24 24"
        fill="none"
        stroke="currentColor"
        stroke-width="2"
        stroke-linecap="round"
        aria-hidden="true"
      >
        <path d="M4 4h16M4 20h16M8 9v6M12 7.5v9M16 10v4" />
      </svg>
      {BRAND}
    </a>
  );
}

function Frame({ title, timeZone, children }: { title: string; timeZone?: string; children: Child }) {
  return (
    <html lang="en" data-time-zone={timeZone}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · ${BRAND}`}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        {styles.map((name) => (
          <link rel="stylesheet" href={`/assets/${name}.css`} />
        ))}
        <script src="/assets/script.js" type="module" />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <div class="progress" aria-hidden="true" />
        {children}
      </body>
    </html>
  );
}
