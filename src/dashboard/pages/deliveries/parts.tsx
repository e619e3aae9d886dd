import { PostForm } from "../../ui/forms.tsx";
import { counted, formatCount } from "../../ui/numbers.ts";
import { Clipped } from "../../ui/parts.tsx";
import type { Viewer } from "../../ui/viewer.ts";
import { retryPath, type View } from "./query.ts";

const ERROR_CHARACTERS = 500;

/** Why a delivery failed, with what the other side answered. */
export function ErrorText({ text }: { text: string }) {
  return (
    <bdi>
      <Clipped text={text} limit={ERROR_CHARACTERS} />
    </bdi>
  );
}

/** A number of deliveries; with `more`, they are only those of the newest that were looked at. */
export function countedFailures(count: number, more: boolean): string {
  return more ? `${formatCount(count)} or more deliveries` : counted(count, "delivery", "deliveries");
}

interface SendAgainProps {
  shown: View;
  viewer: Viewer;
  /** Which deliveries. */
  fields: { readonly [name: string]: string | undefined };
  word?: string;
  /** For screen readers, where the word is not enough. */
  label?: string;
  main?: boolean;
}

/** The button that sends deliveries again; the next page says how many, and asks. */
export function SendAgain({ shown, viewer, fields, word = "Send again", label, main = false }: SendAgainProps) {
  return (
    <PostForm action={retryPath(shown)} viewer={viewer} fields={fields}>
      <button type="submit" class={main ? "main" : undefined} aria-label={label}>
        {word}
      </button>
    </PostForm>
  );
}
