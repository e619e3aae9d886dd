import * as z from "zod";
import { keyInQuarantine, quarantineReasons } from "../../../held/held.ts";
import { typedRange } from "../../ui/form-dates.ts";
import { withQuery } from "../../ui/paths.ts";

/** Which bodies are meant, as a form has it: days are days of the viewer's zone. */
export function chosenBodies(timeZone: string) {
  return { reason: z.enum(quarantineReasons).optional(), ...typedRange(timeZone) };
}

/** Returns the schema of the page's query. */
export function viewOf(timeZone: string) {
  return z.object({ ...chosenBodies(timeZone), cursor: keyInQuarantine.optional() });
}
export type QuarantineView = z.output<ReturnType<typeof viewOf>>;

/** The address of the page, or of an action that leads back to it. */
export function viewPath(view: QuarantineView, below: "" | "/replay" = ""): string {
  return withQuery(`/quarantine${below}`, view);
}
