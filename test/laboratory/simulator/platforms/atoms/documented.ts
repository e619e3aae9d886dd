import type { Call } from "../../calls.ts";
import { localTimestamp, twoDigits } from "../../clock.ts";
import type { Body } from "../platform.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The vocabulary of the platform's payload page. */
export const documented: Vocabulary = {
  start(call) {
    return {
      ...common(call, "call.start", call.startedAt),
      call_direction: call.agent.direction,
      caller_phone: call.customerPhone,
      agent_phone: call.agent.phone,
    };
  },
  end(call) {
    return {
      ...common(call, "call.end", call.endedAt),
      duration_seconds: call.durationSeconds,
      disposition: call.outcome,
      ...(call.turns && {
        transcript: call.turns.map(({ role, content, atSecond }) => ({
          role,
          content,
          timestamp: clock(atSecond),
        })),
      }),
      variables: call.variables,
    };
  },
  analytics(call, { finishedAt, metrics }) {
    return { ...common(call, "analytics.completed", finishedAt), metrics };
  },
};

function common(call: Call, event: string, at: number): Body {
  return {
    event,
    timestamp: localTimestamp(at, call.agent.utcOffsetMinutes),
    agent_id: call.agent.id,
    call_id: call.id,
  };
}

/** Turn timestamps are free text: minutes and seconds into the call. */
function clock(second: number): string {
  return `${twoDigits(Math.floor(second / 60))}:${twoDigits(Math.floor(second % 60))}`;
}
