// Of the runtime; this project takes the types of Node.js for its commands alone
// (developers.cloudflare.com/workers/runtime-apis/nodejs/zlib).
declare module "node:zlib" {
  export function gzipSync(data: string | ArrayBuffer | Uint8Array): Uint8Array;
  export function gunzipSync(data: ArrayBuffer | Uint8Array): Uint8Array;
}
