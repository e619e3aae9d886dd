// Node has these from version 25 on, workerd has them now: for tests of pure functions, which run in Node.
Uint8Array.fromHex ??= (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
Uint8Array.fromBase64 ??= (base64) => Uint8Array.from(Buffer.from(base64, "base64"));
Uint8Array.prototype.toHex ??= function toHex() {
  return Buffer.from(this).toString("hex");
};

export {};
