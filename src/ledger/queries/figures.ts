import type { Figure } from "./figure.ts";

/** Queries of this folder that the overview shows below what it has of its own. Empty: each reads the calls of the range. */
export const figures: readonly Figure[] = [];
