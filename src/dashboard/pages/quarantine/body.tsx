import * as z from "zod";
import { keyInQuarantine, peekHeld } from "../../../held/held.ts";
import { readQuery } from "../../../http/input.ts";
import { notFound } from "../../../http/problem.ts";
import { PostForm } from "../../ui/forms.tsx";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { formatSize } from "../../ui/numbers.ts";
import { Empty, Marked, Moment, Pairs, Sheet } from "../../ui/parts.tsx";
import { withQuery } from "../../ui/paths.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";
import { DiscardForm } from "./discard.tsx";
import { Fields, findMarks } from "./marked.tsx";
import { fieldsOf } from "./places.ts";
import { type QuarantineView, viewPath } from "./query.ts";
import { Reason } from "./reason.tsx";

/** A body may be megabytes large, and a browser slow with so much text. */
const SHOWN_BYTES = 100_000;

/** The address of the page of a body in quarantine. */
export function bodyPath(key: string): string {
  return withQuery("/quarantine/body", { key });
}

/** `GET /quarantine/body`: shows one body as it was received, as text whatever is in it. */
export const showQuarantinedBody: PageHandler = async (request, viewer, env) => {
  const query = readQuery(new URL(request.url), z.object({ key: keyInQuarantine }));
  if (!query.ok) return query.response;
  const { key } = query.value;
  const item = await peekHeld(env.ARCHIVE, key, SHOWN_BYTES);
  if (item === undefined) return notFound();
  const isCut = item.size > SHOWN_BYTES;
  // Where it is cut, the last character may be half of one: left out.
  const text = new TextDecoder().decode(item.beginning, { stream: isCut });
  const fields = item.reason === "invalid" ? fieldsOf(item.detail) : [];
  const marks = findMarks(
    text,
    fields.map(({ path }) => path),
  );
  return html(
    <Page
      title="A body in quarantine"
      viewer={viewer}
      section="/quarantine"
      back={{ path: "/quarantine", name: "Quarantine" }}
      aside={
        <div class="actions">
          <ReplayForm main bodyKey={key} viewer={viewer} />
          <DiscardForm which={{ key }} viewer={viewer} />
        </div>
      }
    >
      <section class="sheet" aria-label="Facts">
        <Pairs
          kind="facts"
          pairs={[
            { name: "Received", value: <Moment at={item.received_at} viewer={viewer} /> },
            { name: "Platform", value: item.platform },
            { name: "Reason", value: <Reason reason={item.reason} /> },
            { name: "Size", value: formatSize(item.size) },
            ...(fields.length === 0 ? [{ name: "Detail", value: item.detail }] : []),
          ]}
        />
      </section>
      {fields.length > 0 && <Fields fields={fields} marks={marks} />}
      <Sheet title="As it was received" note={isCut && `The first ${formatSize(SHOWN_BYTES)}`}>
        {item.size === 0 ? (
          <Empty title="The body is empty." />
        ) : (
          <pre>
            <Marked text={text} marks={marks} />
          </pre>
        )}
      </Sheet>
    </Page>,
  );
};

interface ReplayFormProps {
  /** Of one body; without it all of the page are replayed. */
  bodyKey?: string;
  /** The page that the form is on, so that the same page is shown afterwards. */
  view?: QuarantineView;
  viewer: Viewer;
  main?: boolean;
}

/** The form that replays one body, or all of a page. */
export function ReplayForm({ bodyKey, view = {}, viewer, main = false }: ReplayFormProps) {
  return (
    <PostForm action={viewPath(view, "/replay")} viewer={viewer} fields={{ key: bodyKey }}>
      <button type="submit" class={main ? "main" : undefined}>
        {bodyKey === undefined ? "Play all again" : "Play again"}
      </button>
    </PostForm>
  );
}
