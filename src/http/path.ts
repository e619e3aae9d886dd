/** A part of a path, decoded once; as it is where it is not an encoding of anything, so that nothing is found under it. */
export function decodedPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
