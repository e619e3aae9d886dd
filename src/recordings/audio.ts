/** The file extension and the media type of a recording. */
export interface AudioKind {
  extension: string;
  contentType: string;
}

const wav = { extension: "wav", contentType: "audio/wav" };
const mp3 = { extension: "mp3", contentType: "audio/mpeg" };
const ogg = { extension: "ogg", contentType: "audio/ogg" };
const flac = { extension: "flac", contentType: "audio/flac" };
const m4a = { extension: "m4a", contentType: "audio/mp4" };
const webm = { extension: "webm", contentType: "audio/webm" };
const aac = { extension: "aac", contentType: "audio/aac" };

/** The kinds that are known by their first bytes. */
export const audioKinds: readonly AudioKind[] = [wav, mp3, ogg, flac, m4a, webm, aac];

/** Bytes that {@link audioKind} looks at. */
export const HEAD_BYTES = 12;

/** Media types in use beside those of the kinds. */
const otherNames: { [type: string]: AudioKind } = {
  "audio/wave": wav,
  "audio/x-wav": wav,
  "audio/vnd.wave": wav,
  "audio/mp3": mp3,
  "audio/opus": ogg,
  "audio/x-flac": flac,
  "audio/x-m4a": m4a,
  "audio/m4a": m4a,
};

/**
 * Tells what audio an answer is: by its first bytes, else by its media type, as long as it does not begin like a page or JSON.
 * @param head its first bytes, {@link HEAD_BYTES} or as many as there are
 * @param mediaType its `Content-Type`
 * @returns `undefined` when it is no audio
 */
export function audioKind(head: Uint8Array, mediaType: string): AudioKind | undefined {
  const text = String.fromCharCode(...head.subarray(0, HEAD_BYTES));
  if (/^(?:RIFF|RF64)....WAVE/s.test(text)) return wav;
  if (text.startsWith("OggS")) return ogg;
  if (text.startsWith("fLaC")) return flac;
  if (text.slice(4, 8) === "ftyp") return m4a;
  if (text.startsWith("\x1aE\xdf\xa3")) return webm;
  if (text.startsWith("ID3")) return mp3;
  const [first = 0, second = 0] = head;
  // Eleven bits set begin a frame; the layer, two bits, is 0 in AAC alone.
  if (first === 0xff && (second & 0xf6) === 0xf0) return aac;
  if (first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0) return mp3;

  const [type = ""] = mediaType.toLowerCase().split(";");
  const essence = type.trim();
  if (!/^audio\/[a-z0-9.+-]{1,60}$/.test(essence) || /^\s*[<{[]/.test(text)) return undefined;
  const known = otherNames[essence] ?? audioKinds.find(({ contentType }) => contentType === essence);
  return known ?? { extension: "audio", contentType: essence };
}
