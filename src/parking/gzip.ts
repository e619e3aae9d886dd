import { Unfit } from "../stores/attempt.ts";

export function gzip(bytes: ArrayBuffer): Promise<ArrayBuffer> {
  return new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
}

/**
 * @param parts one after the other
 * @throws {Unfit} when they are no gzip: asking again would not help
 */
export async function gunzip(parts: Uint8Array[]): Promise<ArrayBuffer> {
  try {
    return await new Response(new Blob(parts).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  } catch {
    throw new Unfit("not gzip");
  }
}
