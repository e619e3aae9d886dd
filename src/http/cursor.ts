import * as z from "zod";

/** Encodes the position at which a page ended as a `next_cursor`. The parts are JSON values. */
export function writeCursor(...parts: unknown[]): string {
  return encodeURIComponent(JSON.stringify(parts));
}

/** Makes the schema of a `cursor`, which checks and decodes the parts of `writeCursor`. */
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
