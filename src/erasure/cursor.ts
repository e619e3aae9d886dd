import * as z from "zod";
import { cursorOf } from "../http/cursor.ts";
import { erasurePosition } from "./erase.ts";

/** Where an erasure goes on that one request did not get to the end of. */
export const erasureCursor = cursorOf(z.tuple([erasurePosition]).transform(([position]) => position));
