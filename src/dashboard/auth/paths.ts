import { withQuery } from "../ui/paths.ts";

/**
 * Reduces the target of a sign-in to a path on this host, since a link to the sign-in may come from anywhere.
 * @param to as the link has it
 * @param here the address of the request
 */
export function pathOnHost(to: string | null, here: string): string {
  if (to === null || !URL.canParse(to, here)) return "/";
  const { origin, pathname, search } = new URL(to, here);
  // A path that begins with two slashes names a host.
  return origin === new URL(here).origin && !pathname.startsWith("//") ? pathname + search : "/";
}

/** The sign-in that leads back to where somebody wanted to go. */
export function signInPath(to: string): string {
  return withQuery("/sign-in", { to: to === "/" ? undefined : to });
}
