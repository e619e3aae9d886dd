const reasons: { [reason: string]: string } = {
  "not-an-object": "Not a JSON object",
  misfit: "Does not fit",
  unrecognised: "Unknown event",
};

/** Why a body is in quarantine, in words. */
export function Reason({ reason }: { reason: string }) {
  return <span class="badge warn">{Object.hasOwn(reasons, reason) ? reasons[reason] : reason}</span>;
}

/** Where a body in quarantine is shown. */
export function bodyPath(key: string): string {
  return `/quarantine/body?${new URLSearchParams({ key })}`;
}

/** A page of the quarantine, the first one without a cursor. */
export function quarantinePath(cursor: string | undefined): string {
  return cursor === undefined ? "/quarantine" : `/quarantine?${new URLSearchParams({ cursor })}`;
}

/** Where bodies are played again. The address keeps the page that is shown, so that the same is shown after it. */
export function replayPath(cursor: string | undefined): string {
  return quarantinePath(cursor).replace("/quarantine", "/quarantine/replay");
}

// Not British: millions are a small m there, so that 4 MB would be written 4mB.
const sizes = new Intl.NumberFormat("en", {
  notation: "compact",
  style: "unit",
  unit: "byte",
  unitDisplay: "narrow",
});

/** `1.2 KB`, on one line */
export function formatSize(bytes: number): string {
  return sizes.format(bytes).replace(/(?=\D+$)/, "\u00a0");
}
