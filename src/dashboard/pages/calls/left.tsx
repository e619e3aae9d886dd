import type { LeftOfList } from "../../../letting-go/listed.ts";
import { Notice } from "../../ui/notices.tsx";
import { callPath } from "../../ui/paths.ts";

/** Says that calls of the range have left the database, and what finds them. */
export function LeftCalls({ left: { first_day, last_day, sql, without, call_id } }: { left: LeftOfList }) {
  return (
    <Notice tone="warn">
      {call_id !== undefined && (
        <p>
          <a href={callPath(call_id)}>The call of this id</a> has left the database, and is still there.
        </p>
      )}
      <p>
        Calls of {first_day === last_day ? first_day : `${first_day} to ${last_day}`} (UTC) have left the database, and
        are not in this list. Statistics count them, each opens by its id, and this finds them in the export
        {without.length > 0 && <>, without the filter by {without.join(", ")}</>}:
      </p>
      <pre class="payload">npm run sql -- "{sql}"</pre>
    </Notice>
  );
}
