import type { IRequest } from "itty-router";
import { knownTimeZone } from "../../http/time-zone.ts";
import type { Waiting } from "../waiting.ts";

/** The person that a page is made for. */
export interface Viewer {
  /** IANA name, `Europe/Berlin`. */
  timeZone: string;
  /** Belongs in every form that posts. */
  csrfToken: string;
  /** Whether there is a session to end; with Cloudflare Access there is none of ours. */
  canSignOut: boolean;
  now: Date;
  /** The counts of the navigation, on their way while the page reads its own; absent on a page that says that something failed. */
  waiting?: Promise<Waiting>;
}

/**
 * Answers an address of the dashboard for a viewer who is signed in. An action is only called once its CSRF token has been
 * checked; its form is the body of the request. Errors that it throws become a designed page.
 */
export type PageHandler = (
  request: IRequest & Request,
  viewer: Viewer,
  env: Env,
  ctx: ExecutionContext,
) => Promise<Response>;

/** Set by the page's script; read here and nowhere else. */
const TIME_ZONE_COOKIE = /(?:^|;\s*)time_zone=([^;]+)/;

/**
 * The viewer's time zone: from the cookie that their browser set, else Cloudflare's guess by their address, else UTC.
 * @returns an IANA name that `Intl` knows
 */
export function timeZoneOf(request: Request): string {
  const named = TIME_ZONE_COOKIE.exec(request.headers.get("Cookie") ?? "")?.[1];
  const guessed = request.cf?.["timezone"];
  return knownTimeZone(named) ?? knownTimeZone(guessed) ?? "UTC";
}
