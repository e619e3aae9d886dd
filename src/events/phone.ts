/**
 * The digits of a phone number, which are what makes two numbers the same: after NFKC, without `tel:` or `sip:`, a leading `+`
 * or `00`, and everything from `@` or `;` on.
 * @example phoneDigits("sip:+1-555-123-4567@carrier.example") // "15551234567"
 */
export function phoneDigits(phone: string): string {
  const bare = phone
    .slice(0, MAX_PHONE_CHARACTERS)
    .normalize("NFKC")
    .trim()
    .replace(/^(?:tel|sips?):/i, "")
    .replace(/[@;].*$/s, "");
  return bare.replaceAll(/\D/g, "").replace(/^00/, "");
}

/** A SIP address with its parameters is shorter. */
const MAX_PHONE_CHARACTERS = 1_000;

/** Fewer digits are a count, a duration or an extension, and would name many people. */
export const MIN_PHONE_DIGITS = 7;

export function wholePhoneDigits(text: string): string | undefined {
  if (text.length > 200 || !/^(?:tel:|sips?:)?[+\d\s().-]+(?:[@;].*)?$/i.test(text.normalize("NFKC"))) return undefined;
  const digits = phoneDigits(text);
  return digits.length >= MIN_PHONE_DIGITS ? digits : undefined;
}
