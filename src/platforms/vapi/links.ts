import type { JsonObject } from "../../events/event.ts";
import { withMember, withoutMembers } from "../../events/fields.ts";

/** Links to the recordings, which every delivery of a report has anew, and the time at which they expire. */
const linkName = /^presigned[A-Z][A-Za-z]*Url$|^presignedUrlsExpiresAt$/;

/** Returns the body without these links, which Vapi puts into the artifact of the message and into that of its call. */
export function withoutLinks(body: JsonObject): JsonObject {
  return withMember(body, "message", (message) =>
    withMember(withoutLinksInArtifact(message), "call", withoutLinksInArtifact),
  );
}

function withoutLinksInArtifact(holder: JsonObject): JsonObject {
  return withMember(holder, "artifact", (artifact) => withoutMembers(artifact, (name) => linkName.test(name)));
}
