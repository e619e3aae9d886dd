import * as fc from "fast-check";
import { atomsCall, documentedCall } from "../support/events.ts";

/** The events of one call, to be sent to two ledgers in two orders. */
export interface CallInTwoOrders {
  call_id: string;
  bodies: string[];
  /** Indexes into `bodies`; each of them comes at least once. */
  orders: [number[], number[]];
}

/** Few, so that corrections often carry the same time; the same moments in several spellings. */
const time = fc.constantFrom(
  "2024-07-15T14:30:00Z",
  "2024-07-15T16:30:00+02:00",
  "2024-07-15T14:30:01.5Z",
  "2024-07-15T14:35:00Z",
  "2024-07-16T00:00:00.001Z",
);
const text = fc.oneof(fc.constant(null), fc.string({ maxLength: 6, unit: "binary" }));
const seconds = fc.oneof(fc.constant(null), fc.double({ min: 0, max: 1e6, noNaN: true, noDefaultInfinity: true }));
const facts = fc.oneof(
  fc.constant(null),
  fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
);
const transcript = fc.oneof(
  fc.constant(null),
  fc.array(fc.record({ role: fc.constant("user"), content: fc.string() }), { maxLength: 3 }),
);

type MakeEvent = (call_id: string, index: number) => object;

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

/** A call in both formats, with corrections; in two orders, with repetitions. */
export const callInTwoOrders: fc.Arbitrary<CallInTwoOrders> = fc
  .record({
    events: fc.array(inTwoOrders(fc.oneof(documented, atoms)), { minLength: 1, maxLength: 6 }),
    analysis: fc.option(inTwoOrders(atomsAnalytics), { nil: undefined }),
  })
  .map(({ events, analysis }) => {
    const all = analysis === undefined ? events : [...events, analysis];
    const call_id = `${ID_BEGINNING}${(++calls).toString(16).padStart(6, "0")}`;
    const order = (which: "first" | "second") =>
      all
        .flatMap((one, index) => one[which].map((position) => ({ index, position })))
        .toSorted((one, other) => one.position - other.position)
        .map(({ index }) => index);
    return {
      call_id,
      bodies: all.map(({ event }, index) => JSON.stringify(event(call_id, index))),
      orders: [order("first"), order("second")],
    };
  });
