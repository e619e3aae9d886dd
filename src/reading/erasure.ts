import * as z from "zod";
import { erasurePosition } from "../erasure/erase.ts";
import { cursorOf } from "./cursor.ts";

/** Where an erasure goes on that one request did not get to the end of. */
export const erasureCursor = cursorOf(z.tuple([erasurePosition]).transform(([position]) => position));
