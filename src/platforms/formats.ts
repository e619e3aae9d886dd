import type { WireFormat } from "../events/format.ts";
import { atoms } from "./atoms/atoms.ts";
import { documented } from "./atoms/documented.ts";

/** Asked in this order; the first that knows the event decodes it. */
export const formats: readonly WireFormat[] = [documented, atoms];
