import type { Child } from "hono/jsx";
import type { CallStatus } from "../../events/event.ts";
import type { DeliveryState } from "../../ledger/schema.ts";
import type { Tone } from "./notices.tsx";
import { formatCount } from "./numbers.ts";
import { formatTime, type TimeFormat } from "./times.ts";
import type { Viewer } from "./viewer.ts";

interface SheetProps {
  title: string;
  /** Of the heading, one on a page; else made of the title. */
  id?: string;
  /** Stands beside the title. */
  note?: Child;
  /** The address of the part by itself, if it has one. */
  live?: string;
  children: Child;
}

/** A part of a page under a heading of its own. */
export function Sheet({ title, id = title.toLowerCase().replaceAll(/\W+/g, "-"), note, live, children }: SheetProps) {
  return (
    <section class="sheet" aria-labelledby={id} data-live={live}>
      <header>
        <h2 id={id}>{title}</h2>
        {note && <p>{note}</p>}
      </header>
      {children}
    </section>
  );
}

/** Stands where there is nothing to show, and says why and how to go on. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** One row of a list `rows`: its subject, and beside it a state or a number. */
export function Row({ aside, children }: { aside: Child; children: Child }) {
  return (
    <li class="row">
      <span class="row-main">{children}</span>
      <span class="row-aside">{aside}</span>
    </li>
  );
}

export interface Pair {
  name: string;
  /** Shown on hover: the name itself, where another stands here. */
  title?: string;
  value: Child;
  /** Needs more room than the others. */
  wide?: boolean;
}

/** Names and their values: one below the other, or `facts` side by side. */
export function Pairs({ pairs, kind = "pairs" }: { pairs: readonly Pair[]; kind?: "pairs" | "facts" }) {
  return (
    <dl class={kind}>
      {pairs.map(({ name, title, value, wide }) => (
        <div class={wide ? "wide" : undefined}>
          <dt title={title}>
            <bdi>{name}</bdi>
          </dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface PagingProps {
  /** Addresses, where there are such pages. */
  first: string | undefined;
  next: string | undefined;
  words?: { first: string; next: string } | undefined;
  /** The plural of what is listed, when the page has fewer rows than it has room for. */
  fewerOf?: string | false;
}

/** Links to the first and the next page of a listing. */
export function Paging({ first, next, words = { first: "First page", next: "Next page" }, fewerOf }: PagingProps) {
  if (first === undefined && next === undefined) return null;
  return (
    <nav class="actions" aria-label="Pages">
      {fewerOf && next !== undefined && (
        <span>
          Not all {fewerOf} were looked at yet; “{words.next}” looks further.
        </span>
      )}
      {first !== undefined && <ButtonLink path={first}>{words.first}</ButtonLink>}
      {next !== undefined && <ButtonLink path={next}>{words.next}</ButtonLink>}
    </nav>
  );
}

interface Tab {
  path: string;
  word: string;
  isCurrent: boolean;
}

/** Links between which one chooses; the current one stands out. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  return (
    <nav class="choice" aria-label={label}>
      {tabs.map(({ path, word, isCurrent }) => (
        <a href={path} aria-current={isCurrent ? "true" : undefined}>
          {word}
        </a>
      ))}
    </nav>
  );
}

/** A link that looks like a button. */
export function ButtonLink({ path, main = false, children }: { path: string; main?: boolean; children: Child }) {
  return (
    <a class={main ? "button main" : "button"} href={path}>
      {children}
    </a>
  );
}

interface MomentProps {
  /** ISO 8601 UTC. */
  at: string;
  viewer: Viewer;
  format?: TimeFormat;
}

/** A moment in the viewer's zone, for people and for machines. */
export function Moment({ at, viewer, format = "moment" }: MomentProps) {
  return (
    <time class="keep" datetime={at}>
      {formatTime(at, viewer.timeZone, format)}
    </time>
  );
}

/** Cuts a text to a limit, with an ellipsis at the cut. */
export function startOf(text: string, limit: number): string {
  // A pair of surrogates that the cut goes through is no character.
  return text.length <= limit ? text : `${text.slice(0, limit).toWellFormed()}…`;
}

/**
 * Shows text from outside up to a limit, since any field may be megabytes long.
 * @param limit characters
 * @param rest for people: the location of the whole text
 */
export function Clipped({ text, limit, rest = "D1 has the rest" }: { text: string; limit: number; rest?: string }) {
  return (
    <>
      {startOf(text, limit)}
      {text.length > limit && (
        <span class="soft small">{` ${formatCount(text.length - limit)} characters more: ${rest}`}</span>
      )}
    </>
  );
}

/** A part of a text, by its offsets. */
export interface Mark {
  start: number;
  end: number;
  /** Of the element, where a link leads to it. */
  id?: string;
}

/** Shows a text with parts of it marked. */
export function Marked({ text, marks }: { text: string; marks: readonly Mark[] }) {
  return (
    <>
      {marks.map(({ id, start, end }, index) => (
        <>
          {text.slice(marks[index - 1]?.end ?? 0, start)}
          <mark id={id}>{text.slice(start, end)}</mark>
        </>
      ))}
      {text.slice(marks.at(-1)?.end ?? 0)}
    </>
  );
}

/** A word that stands out. */
export function Badge({ tone, children }: { tone?: Tone; children: Child }) {
  return <span class={tone === undefined ? "badge" : `badge ${tone}`}>{children}</span>;
}

/** The status of a call, in the words of the pages. */
export const statusWords: Record<CallStatus, string> = { active: "not ended", ended: "ended", analyzed: "analyzed" };

const statusTones: Record<CallStatus, { tone?: Tone }> = {
  active: { tone: "warn" },
  ended: {},
  analyzed: { tone: "good" },
};

/** The status of a call. */
export function CallBadge({ status }: { status: CallStatus }) {
  return <Badge {...statusTones[status]}>{statusWords[status]}</Badge>;
}

const stateTones: Record<DeliveryState, { tone?: Tone }> = {
  pending: { tone: "warn" },
  delivered: { tone: "good" },
  failed: { tone: "bad" },
  skipped: {},
};

/** The state of a delivery, in its own word or in that of a page. */
export function DeliveryBadge({ state, word = state }: { state: DeliveryState; word?: string }) {
  return <Badge {...stateTones[state]}>{word}</Badge>;
}
