import * as fc from "fast-check";
import { atomsCall, documentedCall } from "../../support/events.ts";
import type { PlatformName } from "../simulator/platforms/platform.ts";
import { custom, elevenlabs, retell, vapi } from "./arbitrary-platform-calls.ts";
import { facts, type MakeEvent, seconds, text, time } from "./arbitrary-values.ts";

/** The bodies of one call, to be sent to two ledgers in two orders. */
export interface CallInTwoOrders {
  call_id: string;
  bodies: { platform: PlatformName; body: string }[];
  /** Indexes into `bodies`; each of them comes at least once. */
  orders: [number[], number[]];
}

const transcript = fc.oneof(
  fc.constant(null),
  fc.array(fc.record({ role: fc.constant("user"), content: fc.string() }), { maxLength: 3 }),
);

const documented: fc.Arbitrary<MakeEvent> = fc.oneof(
  fc
    .record({
      timestamp: time,
      caller_phone: text,
      agent_phone: text,
      call_direction: fc.constantFrom(null, "inbound", "outbound"),
    })
    .map((more) => (call_id: string) => documentedCall({ call_id }).start(more)),
  fc
    .record({ timestamp: time, duration_seconds: seconds, disposition: text, variables: facts, transcript })
    .map((more) => (call_id: string) => documentedCall({ call_id }).end(more)),
  fc
    .record({ timestamp: time, metrics: facts })
    .map((more) => (call_id: string) => documentedCall({ call_id }).analytics(more)),
);

/** Gives each event an id of its own: of two bodies under one id only the first is stored. */
const own = (event: { id: string }, index: number) => ({ ...event, id: `${event.id}-${index}` });

const atoms: fc.Arbitrary<MakeEvent> = fc.oneof(
  fc
    .record({ fromPhone: text, toPhone: text, conversationType: fc.constantFrom("telephonyInbound", "webcall", null) })
    .map((more) => (call_id: string, index: number) => own(atomsCall({ call_id }).start(more), index)),
  fc
    .record({
      endTime: time,
      answerTime: fc.oneof(fc.constant(null), time),
      callDuration: seconds,
      callStatus: text,
      fromNumber: text,
      variables: facts,
      transcript,
    })
    .map(
      ({ variables, transcript, ...callData }) =>
        (call_id: string, index: number) =>
          own(atomsCall({ call_id }).end({ callData, variables, transcript }), index),
    ),
);

/** The platform does not say when it finished an analysis, so that of two the later to come in counts: there is one. */
const atomsAnalytics: fc.Arbitrary<MakeEvent> = fc
  .record({
    analytics: fc.record({ summary: text }),
    callData: fc.oneof(fc.constant(null), fc.record({ endTime: time, callStatus: text })),
  })
  .map((more) => (call_id: string, index: number) => own(atomsCall({ call_id }).analytics(more), index));

/** Positions of an event in one of the orders, one for each copy of it. */
const positions = fc.array(fc.nat(1000), { minLength: 1, maxLength: 2 });
const inTwoOrders = (event: fc.Arbitrary<MakeEvent>) => fc.record({ event, first: positions, second: positions });

const ID_BEGINNING = "CALL-1721053800000-";
/** The prefix of all objects of these calls. */
export const ORDERED_CALLS = `calls/${ID_BEGINNING}`;

let calls = 0;

const otherPlatforms = { retell, vapi, elevenlabs, custom };

/** The events of a call, all of one platform; of Atoms in both formats. */
const callOfAPlatform = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      platform: fc.constant("atoms" as const),
      events: fc.array(inTwoOrders(fc.oneof(documented, atoms)), { minLength: 1, maxLength: 6 }),
      analysis: fc.option(inTwoOrders(atomsAnalytics), { nil: undefined }),
    }),
  },
  ...(["retell", "vapi", "elevenlabs", "custom"] as const).map((platform) => ({
    weight: 1,
    arbitrary: fc.record({
      platform: fc.constant(platform),
      events: fc.array(inTwoOrders(otherPlatforms[platform]), { minLength: 1, maxLength: 5 }),
      analysis: fc.constant(undefined),
    }),
  })),
);

/** A call with corrections; in two orders, with repetitions. */
export const callInTwoOrders: fc.Arbitrary<CallInTwoOrders> = callOfAPlatform.map(({ platform, events, analysis }) => {
  const all = analysis === undefined ? events : [...events, analysis];
  const call_id = `${ID_BEGINNING}${(++calls).toString(16).padStart(6, "0")}`;
  const order = (which: "first" | "second") =>
    all
      .flatMap((one, index) => one[which].map((position) => ({ index, position })))
      .toSorted((one, other) => one.position - other.position)
      .map(({ index }) => index);
  return {
    call_id,
    bodies: all.map(({ event }, index) => ({ platform, body: JSON.stringify(event(call_id, index)) })),
    orders: [order("first"), order("second")],
  };
});
