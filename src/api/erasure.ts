import * as z from "zod";
import { erasureCursor } from "../erasure/cursor.ts";
import { type ErasurePosition, erase, erased } from "../erasure/erase.ts";
import { digitsOf, type Subject } from "../erasure/subject.ts";
import { writeCursor } from "../http/cursor.ts";
import { unknownCall } from "./call.ts";
import { nothing, operation } from "./operation.ts";

const cursor = erasureCursor.optional();

const answers = {
  "application/json": z.object({
    erased,
    next_cursor: z.string().nullable().describe("there is more to erase: ask again with it, until it is null"),
  }),
};

/** `DELETE /api/calls/{call_id}`: erases everything that is kept of a call. */
export const eraseCall = operation({
  method: "delete",
  path: "/calls/{call_id}",
  summary: "Erases everything that is kept of a call: rows, transcript, parked and quarantined bodies",
  query: z.strictObject({ cursor }),
  body: nothing,
  answers,
  mayBeMissing: true,
  perform: ({ parameter: call_id, query }, env) => answer({ call_id }, query.cursor, env, unknownCall),
});

/** Fewer digits would be a mistake, and name many people. */
const MIN_DIGITS = 7;

const wholeNumber = z
  .string()
  .regex(/^\s*\+?[\d\s().-]+$/, { message: "must be a phone number", abort: true })
  .refine(
    (phone) => digitsOf(phone).length >= MIN_DIGITS,
    `must be a whole phone number: ${MIN_DIGITS} digits or more`,
  );

/** `DELETE /api/calls?caller_phone=…`: erases everything that is kept of the calls with a caller. */
export const eraseCaller = operation({
  method: "delete",
  path: "/calls",
  summary: "Erases everything that is kept of all calls with a caller, however their number is written",
  query: z.strictObject({ caller_phone: wholeNumber, cursor }),
  body: nothing,
  answers,
  perform: ({ query: { caller_phone, cursor } }, env) => answer({ caller_phone }, cursor, env),
});

/** @param missing the answer when there was nothing to erase; without it that is an answer like any other */
async function answer(
  subject: Subject,
  position: ErasurePosition | undefined,
  env: Env,
  missing?: () => Response,
): Promise<Response> {
  const { erased, next } = await erase(subject, env, position);
  const nothingFound = position === undefined && next === undefined && Object.values(erased).every((n) => n === 0);
  if (nothingFound && missing !== undefined) return missing();
  return Response.json({ erased, next_cursor: next === undefined ? null : writeCursor(next) });
}
