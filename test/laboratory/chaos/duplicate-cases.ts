import { elevenLabsCall } from "../../support/elevenlabs.ts";
import { retellCall } from "../../support/retell.ts";
import { vapiCall } from "../../support/vapi.ts";
import { formatNames, makeEvent, shortNames, type TestEvent, testEvent } from "./make-call.ts";

export interface EventCase {
  /** Makes the events of a call, in the order in which they are sent; the last one is sent again. */
  make: (callId: string) => [...TestEvent[], TestEvent];
  /** The archive has something of the last one. */
  isArchived: boolean;
  /** It needs several calls of R2 in a row. */
  isSuperseded?: boolean;
}

const correction = { timestamp: "2024-07-15T14:35:01Z" };
const tooLargeForARow = { disposition: "long ".repeat(10_000) };

/** Every event in both formats of Atoms, and those that leave more than a transcript in the archive. */
const ofAtoms: [name: string, EventCase][] = [
  ...formatNames.flatMap((format) =>
    shortNames.map((name): [string, EventCase] => [
      `${name} in ${format}`,
      { make: (id) => [makeEvent(format, id, name)], isArchived: name === "end" },
    ]),
  ),
  [
    "correction",
    {
      make: (id) => [makeEvent("documented", id, "end"), makeEvent("documented", id, "end", correction)],
      isArchived: true,
    },
  ],
  [
    "superseded end",
    {
      make: (id) => [makeEvent("documented", id, "end", correction), makeEvent("documented", id, "end")],
      isArchived: true,
      isSuperseded: true,
    },
  ],
  [
    "end too large for a row",
    { make: (id) => [makeEvent("documented", id, "end", tooLargeForARow)], isArchived: true },
  ],
];

/** Of the other platforms, the bodies that leave most: those with the transcript, and the analysis that is delivered. */
const ofTheOthers: [name: string, EventCase][] = [
  [
    "end of Retell",
    { make: (id) => [testEvent("retell", id, ["end"], retellCall({ call_id: id }).end())], isArchived: true },
  ],
  [
    "analysis of Retell",
    {
      make: (id) => [testEvent("retell", id, ["analytics"], retellCall({ call_id: id }).analytics())],
      isArchived: false,
    },
  ],
  [
    "report of Vapi, after the end that it outranks",
    {
      make(id) {
        const { ended, report } = vapiCall({ call_id: id });
        return [testEvent("vapi", id, ["end"], ended()), testEvent("vapi", id, ["end", "analytics"], report())];
      },
      isArchived: true,
    },
  ],
  [
    "transcription of ElevenLabs",
    {
      make: (id) => [
        testEvent("elevenlabs", id, ["end", "analytics"], elevenLabsCall({ call_id: id }).transcription()),
      ],
      isArchived: true,
    },
  ],
];

export const eventCases = [...ofAtoms, ...ofTheOthers];
