/** Lists the keys with a prefix. */
export async function listKeys(bucket: R2Bucket, prefix: string): Promise<string[]> {
  return (await listObjects(bucket, prefix)).map(({ key }) => key);
}

/** Lists the objects with a prefix, with their metadata. */
export async function listObjects(bucket: R2Bucket, prefix: string): Promise<R2Object[]> {
  const objects: R2Object[] = [];
  let cursor: string | undefined;
  do {
    const page: R2Objects = await bucket.list({ prefix, include: ["customMetadata"], ...(cursor && { cursor }) });
    objects.push(...page.objects);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return objects;
}

/** The prefix of everything that the archive has of a call whose id is not too long for a key. */
export function prefixOf(callId: string): string {
  return `calls/${encodeURIComponent(callId)}/`;
}
