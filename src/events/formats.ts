import { atoms } from "./atoms.ts";
import { documented } from "./documented.ts";
import type { WireFormat } from "./format.ts";

/** Asked in this order; the first that knows the event decodes it. */
export const formats: readonly WireFormat[] = [documented, atoms];
