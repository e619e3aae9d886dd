/** Of a refusal's body, as it is kept. */
const ANSWER_CHARACTERS = 300;

/** Four bytes a character and then some: white space is joined. */
const ANSWER_BYTES = 4096;

/** A body may drip for ever; the attempt has its answer already. */
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Reads the beginning of what the other side says of a refusal, as one line of text without control characters: 300 characters at the
 * most, of 4 KB that came within two seconds. Never rejects. The body is cancelled.
 * @returns `undefined` for an answer without text
 */
export async function readAnswer({ body }: Response): Promise<string | undefined> {
  if (body === null) return undefined;
  const reader = body.getReader();
  const late = setTimeout(() => void reader.cancel().catch(() => undefined), ANSWER_TIMEOUT_MS);
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    while (bytes < ANSWER_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value.subarray(0, ANSWER_BYTES - bytes), { stream: true });
      bytes += value.byteLength;
    }
  } catch {
    // What came before the connection broke says enough.
  } finally {
    clearTimeout(late);
    await reader.cancel().catch(() => undefined);
  }
  const line = text.replaceAll(/[\p{Cc}\p{Cf}\p{Z}]+/gu, " ").trim();
  return line === "" ? undefined : line.slice(0, ANSWER_CHARACTERS).toWellFormed();
}
