import * as z from "zod";
import { eventName } from "../../../events/event.ts";
import { type Place, writePageCursor } from "../../../ledger/page.ts";
import type { DeliveryState } from "../../../ledger/schema.ts";
import { type DeliveryFilter, deliveryFilter } from "../../../ledger/undelivered.ts";
import { formFrom, formTo } from "../../ui/form-dates.ts";
import { withQuery } from "../../ui/paths.ts";

/** The first is the one that people come here for. */
export const states = z.enum(["failed", "pending", "delivered", "skipped", "all"]) satisfies z.ZodType<
  DeliveryState | "all"
>;

/** Which events' deliveries are meant, as a form has it: days are days of the viewer's zone. */
export function chosenEvents(timeZone: string) {
  return {
    event: eventName.optional(),
    from: typed(formFrom(timeZone)),
    to: typed(formTo(timeZone)),
  };
}

/** A field that has to be one that a schema can read, as it was filled in. */
function typed(schema: z.ZodType) {
  return z
    .string()
    .refine((text) => schema.safeParse(text).success, "is no date")
    .optional();
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

/** A choice with moments instead of days. */
export function withMoments<Chosen extends { from?: string | undefined; to?: string | undefined }>(
  { from, to, ...chosen }: Chosen,
  timeZone: string,
): Omit<Chosen, "from" | "to"> & Pick<DeliveryFilter, "from" | "to"> {
  return {
    ...chosen,
    from: from === undefined ? undefined : formFrom(timeZone).parse(from),
    to: to === undefined ? undefined : formTo(timeZone).parse(to),
  };
}

/** The address of the page. */
export function pathOf(shown: View, next?: Place): string {
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
