import { expect, test } from "vitest";
import { findPlatform } from "../../src/platforms/index.ts";
import { customCall } from "../support/custom.ts";
import { payloadOf } from "../support/decoded.ts";
import { elevenLabsCall } from "../support/elevenlabs.ts";
import { atomsCall, documentedCall } from "../support/events.ts";
import { retellCall } from "../support/retell.ts";
import { vapiCall } from "../support/vapi.ts";

/** What nobody says but in a conversation. */
const SAID = "zyzzyva";

/** Five minutes of talk. */
const turns = Array.from({ length: 75 }, (_, index) => ({
  role: index % 2 === 0 ? "agent" : "user",
  text: `${SAID} ${index}, and then some ten words more of it`,
}));
const spoken = turns.map(({ role, text }) => `${role}: ${text}\n`).join("");

const atomsTurns = turns.map(({ role, text }) => ({ role, content: text, timestamp: "2024-07-15T14:30:00Z" }));

const retellTurns = turns.map(({ role, text }, index) => ({
  role,
  content: text,
  words: text.split(" ").map((word, number) => ({ word, start: index * 4 + number, end: index * 4 + number + 0.3 })),
}));
const retellTalk = {
  transcript: spoken,
  transcript_object: retellTurns,
  transcript_with_tool_calls: retellTurns,
  scrubbed_transcript_with_tool_calls: retellTurns,
  scrubbed_transcript: spoken,
};

const vapiMessages = turns.map(({ role, text }, index) => ({
  role: role === "agent" ? "bot" : role,
  message: text,
  time: 1_721_053_800_000 + index * 4000,
  endTime: 1_721_053_803_000 + index * 4000,
  secondsFromStart: index * 4,
}));
const vapiTalk = {
  messages: vapiMessages,
  messagesOpenAIFormatted: turns.map(({ role, text }) => ({ role, content: text })),
  transcript: spoken,
};
const vapiLatencies = { performanceMetrics: { turnLatencyAverage: 1180, turnLatencies: [{ turnLatency: 1180 }] } };

const elevenLabsTurns = turns.map(({ role, text }, index) => ({
  role,
  message: text,
  tool_calls: [{ tool_name: "find", params_as_json: `{"of":"${SAID}"}` }],
  time_in_call_secs: index * 4,
}));

const call_id = "said";
const documented = documentedCall({ call_id });
const atoms = atomsCall({ call_id: "said in atoms" });
const retell = retellCall({ call_id: "said in retell" });
const vapi = vapiCall({ call_id: "said in vapi" });
const elevenlabs = elevenLabsCall({ call_id: "said in elevenlabs" });
const vapiCallWithTalk = { ...vapi.call, ...vapiTalk, artifact: vapiTalk };

test.each([
  ["atoms", "call.start", documented.start({ transcript: atomsTurns })],
  ["atoms", "call.end", documented.end({ transcript: atomsTurns, metadata: { transcript: atomsTurns } })],
  ["atoms", "analytics.completed", documented.analytics({ transcript: spoken })],
  ["atoms", "pre-conversation", { ...atoms.start({ transcript: spoken }), transcript: spoken }],
  ["atoms", "post-conversation", atoms.end({ transcript: atomsTurns })],
  ["atoms", "analytics-completed", atoms.analytics({ transcript: atomsTurns })],
  ["retell", "call_started", retell.start(retellTalk)],
  ["retell", "call_ended", retell.end(retellTalk)],
  ["retell", "call_analyzed", retell.analytics(retellTalk)],
  ["vapi", "in-progress", vapi.start({ ...vapiTalk, artifact: vapiTalk, call: vapiCallWithTalk })],
  ["vapi", "ended", vapi.ended({ ...vapiTalk, artifact: vapiTalk, call: vapiCallWithTalk })],
  [
    "vapi",
    "end-of-call-report",
    vapi.report({
      ...vapiTalk,
      artifact: { ...vapiTalk, ...vapiLatencies, nodes: [{ name: "first", ...vapiTalk }] },
      call: vapiCallWithTalk,
    }),
  ],
  ["elevenlabs", "post_call_transcription", elevenlabs.transcription({ transcript: elevenLabsTurns })],
  ["custom", "call.end", customCall({ call_id: "said in custom" }).end({ transcript: atomsTurns })],
  ["custom", "call.end and analytics", customCall({ call_id: "said in custom" }).whole({ transcript: atomsTurns })],
  ["elevenlabs", "call_initiation_failure", elevenlabs.initiationFailure({ transcript: elevenLabsTurns })],
] as const)("the payload of %s %s has no transcript in it", (name, _event, body) => {
  const platform = findPlatform(name);
  const payload = platform && JSON.stringify(payloadOf(platform, body));
  expect(payload).toContain("said");
  expect(payload).not.toContain(SAID);
  // For five minutes of talk.
  expect(payload?.length).toBeLessThan(8 * 1024);
});
