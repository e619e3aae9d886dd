import { PostForm } from "../../ui/forms.tsx";
import { callPath } from "../../ui/paths.ts";
import type { Viewer } from "../../ui/viewer.ts";

/** The box that has to be ticked. */
export const ERASE_FIELD = "understood";

/** The form that erases a call, and says what that means. */
export function EraseForm({ callId, viewer, open }: { callId: string; viewer: Viewer; open: boolean }) {
  return (
    <details class="erase" open={open}>
      <summary>Erase this call</summary>
      <PostForm action={callPath(callId, "/erase")} viewer={viewer} class="sheet erase-sheet">
        <p>
          Everything the ledger keeps of this call goes: its row, events and deliveries in D1, its transcript in R2, and
          every body of it that is parked or in quarantine. What was sent downstream already stays there.{" "}
          <strong>It cannot be undone.</strong>
        </p>
        <label class="check">
          <input type="checkbox" name={ERASE_FIELD} value="yes" required />
          <span>I understand that this call will be gone for good</span>
        </label>
        <button type="submit" class="bad">
          Erase this call
        </button>
      </PostForm>
    </details>
  );
}
