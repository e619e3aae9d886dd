/**
 * The digits of a phone number, which are what makes two numbers the same: of any script, after NFKC and percent-decoding, of what
 * stands in `<…>` where there is one, without `tel:` or `sip:`, everything from `@`, `;`, `,` or an extension on, `(0)`, and a
 * leading `+` or `00`, or `011` before ten digits or more.
 * @example phoneDigits("<sip:%2B1-555-123-4567@carrier.example>") // "15551234567"
 */
export function phoneDigits(phone: string): string {
  return digitsIn(partsOf(phone.slice(0, MAX_PHONE_CHARACTERS)).number);
}

/** A SIP address with its parameters is shorter. */
const MAX_PHONE_CHARACTERS = 1_000;

/** Fewer digits are a count, a duration or an extension, and would name many people. */
export const MIN_PHONE_DIGITS = 7;

/**
 * The digits of a text that is a phone number as a whole, an address or an extension included.
 * @returns `undefined` when it is anything else, longer than 200 characters, or has fewer than {@link MIN_PHONE_DIGITS} digits
 */
export function wholePhoneDigits(text: string): string | undefined {
  if (text.length > MAX_WHOLE_CHARACTERS) return undefined;
  const { number, rest } = partsOf(text);
  if (!numberPattern.test(number) || !restPattern.test(rest)) return undefined;
  const digits = digitsIn(number);
  return digits.length >= MIN_PHONE_DIGITS ? digits : undefined;
}

const MAX_WHOLE_CHARACTERS = 200;

/** Digits, and what people and carriers put between them; invisible marks of direction too. */
const numberPattern = /^[\d\s+()./\p{Pd}\p{Cf}\u2212]*$/u;

/** A host, parameters, keys that are pressed after a pause, or an extension. */
const restPattern = /^(?:[@;]\S*|,[\d\s,*#;]*|(?:,\s*)?(?:x|ext[a-z]*)[\s.:]*\d*\s*)?$/i;

/** Where a number ends: at a host, a parameter, a pause, or an extension behind its digits. */
const endPattern = /[@;,]|(?<=\d[\s.)]*)(?:x|ext)/i;

/** Splits a text into its number and what stands behind that. */
function partsOf(text: string): { number: string; rest: string } {
  const decoded = text
    .normalize("NFKC")
    .replaceAll(/(?:%[\da-f]{2})+/gi, percentDecoded)
    .normalize("NFKC");
  const [, address = decoded] = /<([^<>]*)>/.exec(decoded) ?? [];
  const bare = withPlainDigits(address.trim().replace(/^(?:tel|sips?):\s*/i, ""));
  const end = bare.search(endPattern);
  return end === -1 ? { number: bare, rest: "" } : { number: bare.slice(0, end), rest: bare.slice(end) };
}

function digitsIn(number: string): string {
  const dialled = number.replace(/\(\s*0\s*\)/, "").replaceAll(/[^\d+]/g, "");
  return dialled.replace(/^(?:\+|00|011(?=\d{10}))/, "").replaceAll("+", "");
}

function percentDecoded(escapes: string): string {
  try {
    return decodeURIComponent(escapes);
  } catch {
    return escapes;
  }
}

function withPlainDigits(text: string): string {
  return text.replaceAll(/\p{Nd}/gu, (digit) => String(valueOfDigit(digit)));
}

/** The digits of a script follow each other from its zero on, ten at a time (Unicode Standard, 4.6). */
function valueOfDigit(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let before = 0;
  while (/^\p{Nd}$/u.test(String.fromCodePoint(code - before - 1))) before++;
  return before % 10;
}
