/** Who a page is made for. */
export interface Viewer {
  /** IANA name, `Europe/Berlin`. */
  timeZone: string;
  /** Belongs in every form that posts. */
  csrfToken: string;
  /** Whether there is a session to end; with Cloudflare Access there is none of ours. */
  canSignOut: boolean;
  now: Date;
}

/** Set by the page's script; read here and nowhere else. */
const TIME_ZONE_COOKIE = /(?:^|;\s*)time_zone=([^;]+)/;

/**
 * The viewer's time zone: what their browser said, else what Cloudflare makes of their address, else UTC.
 * @returns an IANA name that `Intl` knows
 */
export function timeZoneOf(request: Request): string {
  const named = TIME_ZONE_COOKIE.exec(request.headers.get("Cookie") ?? "")?.[1];
  const guessed = request.cf?.["timezone"];
  return [named, guessed].find(isTimeZone) ?? "UTC";
}

function isTimeZone(name: unknown): name is string {
  if (typeof name !== "string") return false;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
