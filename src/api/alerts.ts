import * as z from "zod";
import { sendTests } from "../alerts/channels.ts";
import { nothing, operation } from "../http/operation.ts";

/** `POST /api/alerts/test`: sends an alert of each kind, marked as a test. */
export const sendTestAlerts = operation({
  method: "post",
  path: "/alerts/test",
  summary: "Sends an alert of each kind, marked as a test, to Slack and to ALERT_URL",
  query: nothing,
  body: nothing,
  answers: {
    "application/json": z.object({
      channels: z.array(
        z.object({
          channel: z.string(),
          sent: z.number().describe("messages that got through"),
          reason: z.string().nullable().describe("why the next did not; null: all got through"),
        }),
      ),
    }),
  },
  async perform(_checked, env) {
    return Response.json({ channels: await sendTests(env, new Date()) });
  },
});
