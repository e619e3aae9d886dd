import * as z from "zod";
import { keyInQuarantine, peekHeld, type QuarantineReason, quarantineReasons } from "../../../held/held.ts";
import { readQuery } from "../../../http/input.ts";
import { notFound } from "../../../http/problem.ts";
import { PostForm } from "../../ui/forms.tsx";
import { html } from "../../ui/html.ts";
import { Page } from "../../ui/layout.tsx";
import { formatSize } from "../../ui/numbers.ts";
import { Badge, Empty, Moment, Pairs, Sheet } from "../../ui/parts.tsx";
import { withQuery } from "../../ui/paths.ts";
import type { PageHandler, Viewer } from "../../ui/viewer.ts";

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
  return html(
    <Page
      title="A body in quarantine"
      viewer={viewer}
      section="/quarantine"
      back={{ path: "/quarantine", name: "Quarantine" }}
      aside={<ReplayForm main bodyKey={key} viewer={viewer} />}
    >
      <section class="sheet" aria-label="Facts">
        <Pairs
          kind="facts"
          pairs={[
            { name: "Received", value: <Moment at={item.received_at} viewer={viewer} /> },
            { name: "Platform", value: item.platform },
            { name: "Reason", value: <Reason reason={item.reason} /> },
            { name: "Size", value: formatSize(item.size) },
            { name: "Detail", value: item.detail },
          ]}
        />
      </section>
      <Sheet title="As it was received" note={isCut && `The first ${formatSize(SHOWN_BYTES)}`}>
        {item.size === 0 ? <Empty title="The body is empty." /> : <pre>{text}</pre>}
      </Sheet>
    </Page>,
  );
};

const reasons: Record<QuarantineReason, string> = {
  "not-an-object": "Not a JSON object",
  invalid: "Does not fit",
  unrecognised: "Unknown event",
  "id-reused": "Id of another body",
  "other-platform": "Call of another platform",
  faulty: "The ledger failed over it",
};

/** Why a body is in quarantine, in words. A reason that an older deployment wrote stands as it is. */
export function Reason({ reason }: { reason: string }) {
  const known = quarantineReasons.find((name) => name === reason);
  return <Badge tone="warn">{known === undefined ? reason : reasons[known]}</Badge>;
}

interface ReplayFormProps {
  /** Of one body; without it all of the page are replayed. */
  bodyKey?: string;
  /** Of the page that the form is on, so that the same page is shown afterwards. */
  cursor?: string | undefined;
  viewer: Viewer;
  main?: boolean;
}

/** The form that replays one body, or all of a page. */
export function ReplayForm({ bodyKey, cursor, viewer, main = false }: ReplayFormProps) {
  return (
    <PostForm action={withQuery("/quarantine/replay", { cursor })} viewer={viewer} fields={{ key: bodyKey }}>
      <button type="submit" class={main ? "main" : undefined}>
        {bodyKey === undefined ? "Play all again" : "Play again"}
      </button>
    </PostForm>
  );
}
