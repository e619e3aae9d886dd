import * as fc from "fast-check";
import { formats, shortNames } from "./make-call.ts";

const encoder = new TextEncoder();

/** One change of a JSON value: the steps lead to a value inside it, which is replaced or taken out. */
interface Mutation {
  steps: number[];
  replacement: { value: unknown } | undefined;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  steps: fc.array(fc.nat(50), { minLength: 1, maxLength: 4 }),
  replacement: fc.option(fc.record({ value: fc.jsonValue({ maxDepth: 2 }) }), { nil: undefined, freq: 4 }),
});

/** @returns the value with the change; a step goes on to the entry of its number, counted round */
function mutate(value: unknown, { steps, replacement }: Mutation): unknown {
  const [step, ...rest] = steps;
  if (typeof value !== "object" || value === null || step === undefined) return replacement?.value;
  const entries: [string, unknown][] = Object.entries(value);
  const index = step % Math.max(1, entries.length);
  const changed = entries.flatMap(([key, inner], position) => {
    if (position !== index) return [[key, inner] as const];
    if (rest.length === 0 && replacement === undefined) return [];
    return [[key, mutate(inner, { steps: rest, replacement })] as const];
  });
  return Array.isArray(value) ? changed.map(([, inner]) => inner) : Object.fromEntries(changed);
}

/** Events of either format with up to three things wrong with them; many of them are still right. */
export const nearlyValid: fc.Arbitrary<unknown> = fc
  .record({
    format: fc.constantFrom(formats.documented, formats.atoms),
    name: fc.constantFrom(...shortNames),
    call_id: fc.string({ minLength: 1, maxLength: 20, unit: "binary" }),
    mutations: fc.array(mutation, { maxLength: 3 }),
  })
  .map(({ format, name, call_id, mutations }) => mutations.reduce<unknown>(mutate, format({ call_id })[name]()));

/** Bodies that anyone who knows the secret may send. */
export const anyBody: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 1, arbitrary: fc.json().map((text) => encoder.encode(text)) },
  { weight: 1, arbitrary: fc.object().map((object) => encoder.encode(JSON.stringify(object) ?? "")) },
  { weight: 4, arbitrary: nearlyValid.map((event) => encoder.encode(JSON.stringify(event) ?? "")) },
);
