// Of the runtime; this project takes the types of Node.js for its commands alone
// (developers.cloudflare.com/workers/runtime-apis/nodejs/zlib).
declare module "zlib" {
  export function gzipSync(data: Uint8Array): Uint8Array;
  export function gunzipSync(data: Uint8Array): Uint8Array;
}

declare module "node:zlib" {
  // biome-ignore lint/style/useNodejsImportProtocol: the types of Node.js have the functions under this name.
  export * from "zlib";
}
