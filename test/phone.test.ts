import { expect, test } from "vitest";
import { phoneDigits, wholePhoneDigits } from "../src/events/phone.ts";

const DIGITS = "15551234567";

/** One number, as people, platforms and carriers write it. */
const spellings = [
  "15551234567",
  "+15551234567",
  "+1 (555) 123-4567",
  "+1.555.123.4567",
  "+1 555 123\u201345\u00a067",
  "0015551234567",
  "00 1 555 123 4567",
  "01115551234567",
  "011 1 555 123-4567",
  "tel:+1-555-123-4567",
  "tel:+15551234567;phone-context=example.com",
  "sip:+15551234567@carrier.example;transport=udp",
  "sips:15551234567@carrier.example:5061",
  "sip:%2B15551234567@carrier.example",
  "sip:%2B1555%31234567%40carrier.example",
  "<sip:+15551234567@carrier.example>",
  '"Robin Example" <sip:+15551234567@carrier.example>;tag=as58f4201b',
  "Robin <tel:+15551234567>",
  "+1 (0) 555 1234567",
  "+1 (555) 123-4567 x89",
  "+1 (555) 123-4567, ext. 89",
  "+15551234567ext89",
  "+15551234567,,89#",
  "+١٥٥٥١٢٣٤٥٦٧",
  "+۱۵۵۵۱۲۳۴۵۶۷",
  "+१५५५१२३४५६७",
  "＋１５５５１２３４５６７",
  "\u202a+1 555 123 4567\u202c",
  "SIP:+15551234567@CARRIER.EXAMPLE",
];

test.each(spellings)("%s is the number", (spelling) => {
  expect(phoneDigits(spelling)).toBe(DIGITS);
  expect(wholePhoneDigits(spelling)).toBe(DIGITS);
});

test.each([
  ["+4915112345678", "4915112345678"],
  // Too short for an international number behind `011`.
  ["011 555 1234", "0115551234"],
  ["0151 12345678", "015112345678"],
  ["+0015551234567", "0015551234567"],
  ["max55@carrier.example", "55"],
  ["%E4%zz%2", "42"],
  ["", ""],
])("of %s the digits are %s", (text, digits) => {
  expect(phoneDigits(text)).toBe(digits);
});

test.each([
  "call +15551234567 back",
  "+15551234567 is busy",
  "5551234567, please call",
  "order-15551234567",
  "2024-07-15T14:30:00Z",
  "call_15551234567",
  "555-123",
  "sip:robin@carrier.example",
  "1".repeat(201),
  "",
])("%s is no number as a whole", (text) => {
  expect(wholePhoneDigits(text)).toBeUndefined();
});

test.each(["<", "%2B", "(", "0(", "+", "x", "1x", "\u0661", "1 ", ".)1"])(
  "a text of nothing but %s takes no time",
  (piece) => {
    const long = piece.repeat(1_000_000);
    const beganAt = performance.now();
    phoneDigits(long);
    wholePhoneDigits(long);
    wholePhoneDigits(piece.repeat(200).slice(0, 200));
    expect(performance.now() - beganAt).toBeLessThan(5_000);
  },
);
