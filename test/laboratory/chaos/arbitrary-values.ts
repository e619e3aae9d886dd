import * as fc from "fast-check";

/** Makes an event of a call. `index` is another one for each event of it. */
export type MakeEvent = (call_id: string, index: number) => object;

/** Few, so that corrections often carry the same time; the same moments in several spellings. */
export const time = fc.constantFrom(
  "2024-07-15T14:30:00Z",
  "2024-07-15T16:30:00+02:00",
  "2024-07-15T14:30:01.5Z",
  "2024-07-15T14:35:00Z",
  "2024-07-16T00:00:00.001Z",
);
export const text = fc.oneof(fc.constant(null), fc.string({ maxLength: 6, unit: "binary" }));
export const seconds = fc.oneof(
  fc.constant(null),
  fc.double({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true }),
);
export const facts = fc.oneof(
  fc.constant(null),
  fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
);
