import * as z from "zod";

/** Makes a `next_cursor` of what names the place where a page ended. Any JSON goes into it and comes out of it again. */
export function writeCursor(...parts: unknown[]): string {
  return encodeURIComponent(JSON.stringify(parts));
}

/** Checks a `cursor` and takes it apart again. */
export function cursorOf<Parts extends z.ZodType>(parts: Parts) {
  return z
    .string()
    .transform((text, context) => {
      const read = parts.safeParse(parse(text));
      if (read.success) return read.data;
      context.issues.push({ code: "custom", message: "is not a next_cursor", input: text });
      return z.NEVER;
    })
    .describe("the next_cursor of the page before");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(decodeURIComponent(text));
  } catch {
    return undefined;
  }
}
