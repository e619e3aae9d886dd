/**
 * Members that hold secrets: of an imported phone number, of the owner's servers (`headers`, `serverUrlSecret`), and of the providers
 * that an assistant defined within the call brings along (`credentials`). A name is one of these as a whole, or ends so; a key and a
 * token with other words before them are secrets where these say so, since `sort_key` and `pageToken` are none.
 */
const whole =
  "credentials?|headers|key|auth|bearer|token|jwt|cookies?|passphrase|(?:proxy-)?authorization|authentication[-_]?session";
const ending =
  "secrets?|passwords?|passwd|credentials?|[-_](?:auth|bearer)|(?:basic|http|oauth|proxy|server|sip|twilio)[-_]?auth";
const keys =
  "access|account|api|auth|bearer|client|encryption|gcp|master|openai|private|secret|server|service|shared|signing|subscription|webhook";
const tokens = "access|api|auth|bearer|id|refresh|security|session";

export const secretNames = new RegExp(`^(?:${whole})$|(?:${ending}|(?:${keys})[-_]?key|(?:${tokens})[-_]?token)$`, "i");
