import { timingSafeEqual } from "node:crypto";

// Node has these from version 25 on, workerd has them now: for tests of pure functions, which run in Node.
Uint8Array.fromHex ??= (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
Uint8Array.fromBase64 ??= (base64) => Uint8Array.from(Buffer.from(base64, "base64"));
Uint8Array.prototype.toHex ??= function toHex() {
  return Buffer.from(this).toString("hex");
};
// This one is workerd's alone.
crypto.subtle.timingSafeEqual ??= (one, other) => timingSafeEqual(new Uint8Array(one), new Uint8Array(other));
