/**
 * The bytes of a request's body, or `too-large` as soon as that is known: from Content-Length before anything is read,
 * else while reading, so that no more than the limit is ever held.
 * @param limit bytes
 */
export async function readBody(request: Request, limit: number): Promise<ArrayBuffer | "too-large"> {
  const declared = request.headers.get("Content-Length");
  if (declared !== null) {
    if (Number(declared) > limit) return "too-large";
    // HTTP holds a body to the length it declared, so this reads no more than that.
    const body = await request.arrayBuffer();
    return body.byteLength > limit ? "too-large" : body;
  }
  if (request.body === null) return new ArrayBuffer(0);

  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.byteLength;
    if (length > limit) return "too-large";
    chunks.push(chunk);
  }
  return new Blob(chunks).arrayBuffer();
}
