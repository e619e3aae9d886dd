import * as z from "zod";
import { eventName } from "../../../events/event.ts";
import { type PagePosition, writePageCursor } from "../../../ledger/page.ts";
import type { DeliveryState } from "../../../ledger/schema.ts";
import { deliveryFilter } from "../../../ledger/undelivered.ts";
import { typedRange } from "../../ui/form-dates.ts";
import { withQuery } from "../../ui/paths.ts";

/** The first is the one that people come here for. */
export const states = z.enum(["failed", "pending", "delivered", "skipped", "all"]) satisfies z.ZodType<
  DeliveryState | "all"
>;

/** Which events' deliveries are meant, as a form has it: days are days of the viewer's zone. */
export function chosenEvents(timeZone: string) {
  return { event: eventName.optional(), ...typedRange(timeZone) };
}

/** Which deliveries the page shows. */
export function viewOf(timeZone: string) {
  return z.object({
    state: states.default("failed"),
    destination: deliveryFilter.destination,
    ...chosenEvents(timeZone),
  });
}
export type View = z.output<ReturnType<typeof viewOf>>;

/** The address of the page. */
export function pathOf(shown: View, next?: PagePosition): string {
  return withQuery("/deliveries", { ...shown, cursor: writePageCursor(next) ?? undefined });
}

/** The address of the action carries the view, so that the page shows the same view after it. */
export function retryPath(shown: View): string {
  return withQuery("/deliveries/retry", shown);
}

/** The words for states. */
export const words: Record<View["state"], string> = {
  failed: "Failed",
  pending: "On the way",
  delivered: "Delivered",
  skipped: "Skipped",
  all: "All",
};
