import * as fc from "fast-check";
import { customCall } from "../../support/custom.ts";
import { elevenLabsCall } from "../../support/elevenlabs.ts";
import { retellCall } from "../../support/retell.ts";
import { vapiCall, vapiNoise } from "../../support/vapi.ts";
import { type PlatformName, platformNames } from "../simulator/platforms/platform.ts";
import { formats, shortNames } from "./make-call.ts";

const encoder = new TextEncoder();

/** One change of a JSON value: the steps lead to a value inside it, which is replaced or taken out. */
interface Mutation {
  steps: number[];
  replacement: { value: unknown } | undefined;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  steps: fc.array(fc.nat(50), { minLength: 1, maxLength: 6 }),
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

/** A body on its way to the webhook of a platform. */
export interface ArbitraryBody {
  platform: PlatformName;
  bytes: Uint8Array;
}

/** Everything that a platform sends of a call, noise included. */
const bodiesOf: Record<PlatformName, (call_id: string) => object[]> = {
  atoms: (call_id) => Object.values(formats).flatMap((format) => shortNames.map((name) => format({ call_id })[name]())),
  retell(call_id) {
    const call = retellCall({ call_id });
    return [...shortNames.map((name) => call[name]()), { ...call.start(), event: "transcript_updated" }];
  },
  vapi(call_id) {
    const { start, ended, report } = vapiCall({ call_id });
    return [start(), ended(), report(), ...vapiNoise(call_id).slice(0, 2)];
  },
  custom(call_id) {
    const call = customCall({ call_id });
    return [...shortNames.map((name) => call[name]()), call.whole()];
  },
  elevenlabs(call_id) {
    const { transcription, initiationFailure, audio } = elevenLabsCall({ call_id });
    return [transcription(), initiationFailure(), audio()];
  },
};

const platform = fc.constantFrom(...platformNames);

/** Bodies of every platform with up to three things wrong with them; many of them are still right. */
const nearlyValid: fc.Arbitrary<ArbitraryBody> = fc
  .record({
    platform,
    index: fc.nat(100),
    call_id: fc.string({ minLength: 1, maxLength: 20, unit: "binary" }),
    mutations: fc.array(mutation, { maxLength: 3 }),
  })
  .map(({ platform, index, call_id, mutations }) => {
    const bodies = bodiesOf[platform](call_id);
    const changed = mutations.reduce<unknown>(mutate, bodies[index % bodies.length]);
    return { platform, bytes: encoder.encode(JSON.stringify(changed) ?? "") };
  });

const anyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => encoder.encode(text)),
  fc.object().map((object) => encoder.encode(JSON.stringify(object) ?? "")),
);

/** Bodies that anyone who knows the secret of a platform may send. */
export const anyBody: fc.Arbitrary<ArbitraryBody> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ platform, bytes: anyBytes }) },
  { weight: 6, arbitrary: nearlyValid },
);
