import type { Child } from "hono/jsx";
import type { Viewer } from "./viewer.ts";

const sections = [
  ["/", "Overview"],
  ["/calls", "Calls"],
  ["/deliveries", "Deliveries"],
  ["/quarantine", "Quarantine"],
] as const;

export type Section = (typeof sections)[number][0];

interface PageProps {
  title: string;
  viewer: Viewer;
  /** The entry of the navigation that the page belongs to. */
  section?: Section;
  children: Child;
}

/** A page for somebody who is signed in. */
export function Page({ title, viewer, section, children }: PageProps) {
  return (
    <Frame title={title} timeZone={viewer.timeZone}>
      <header class="top">
        <div class="top-inner">
          <Brand />
          <nav aria-label="Main">
            <ul>
              {sections.map(([path, name]) => (
                <li key={path}>
                  <a href={path} aria-current={path === section ? "page" : undefined}>
                    {name}
                  </a>
                </li>
              ))}
            </ul>
          </nav>
          {viewer.canSignOut && (
            <form method="post" action="/sign-out">
              <Csrf viewer={viewer} />
              <button type="submit" class="plain">
                Sign out
              </button>
            </form>
          )}
        </div>
      </header>
      <main id="main">{children}</main>
      <footer class="foot">
        <span>Times in {viewer.timeZone.replaceAll("_", " ")}</span>
        <span>Call Ledger</span>
      </footer>
    </Frame>
  );
}

/** A page that stands alone: sign-in and what went wrong. */
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

/** What makes a form ours: without it a POST is refused. */
export function Csrf({ viewer }: { viewer: Viewer }) {
  return <input type="hidden" name="csrf_token" value={viewer.csrfToken} />;
}

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
      Call Ledger
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
        <title>{`${title} · Call Ledger`}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/style.css" />
        <script src="/script.js" type="module" />
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
