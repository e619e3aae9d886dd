import { instant } from "../../events/fields.ts";
import type { Turn } from "../../platforms/turns.ts";
import { formatClock, formatTime } from "../times.ts";

/** Beyond it, a clock that starts at 00:00 tells nobody anything: one of the two times is wrong. */
const LONGEST_CALL_SECONDS = 24 * 60 * 60;

/** When a turn was spoken: in words, and as a moment where it is known as one (ISO 8601 UTC). */
export interface SpokenAt {
  told: string;
  moment?: string;
}

/**
 * The moment from which the clock of a conversation runs.
 * @param startedAt of the call, ISO 8601 UTC; null when it is not known
 */
export function startOfSpeech(startedAt: string | null, turns: readonly Turn[]): string | undefined {
  if (startedAt !== null) return startedAt;
  for (const { timestamp } of turns) {
    const moment = instant.safeParse(timestamp);
    if (moment.success) return moment.data;
  }
  return undefined;
}

/**
 * A turn's timestamp as time into the call; as time of the day where it does not lie in the call; as it is where it is no
 * time, since platforms send any text.
 */
export function spokenAt(timestamp: string, start: string | undefined, timeZone: string): SpokenAt {
  const { success, data: moment } = instant.safeParse(timestamp);
  if (!success) return { told: timestamp };
  const seconds = start === undefined ? -1 : (Date.parse(moment) - Date.parse(start)) / 1000;
  const inCall = seconds >= 0 && seconds < LONGEST_CALL_SECONDS;
  return { told: inCall ? formatClock(seconds) : formatTime(moment, timeZone, "second"), moment };
}
