// Node has it from version 25 on, workerd has it now: for tests of pure functions, which run in Node.
Uint8Array.fromHex ??= (hex) => Uint8Array.from(Buffer.from(hex, "hex"));

export {};
