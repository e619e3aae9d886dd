/**
 * Where to go on after signing in: a path on this host and nothing else, since a link to the sign-in may come from anywhere.
 * @param to what the link says
 * @param here the address of the request
 */
export function pathOnHost(to: string | null, here: string): string {
  if (to === null || !URL.canParse(to, here)) return "/";
  const { origin, pathname, search } = new URL(to, here);
  // What begins with two slashes names a host.
  return origin === new URL(here).origin && !pathname.startsWith("//") ? pathname + search : "/";
}

/** The sign-in that leads back to where somebody wanted to go. */
export function signInPath(to: string): string {
  return to === "/" ? "/sign-in" : `/sign-in?${new URLSearchParams({ to })}`;
}

/** The page that the form of an action is on: an action lies below its page, `/deliveries/retry` below `/deliveries`. */
export function pageOfAction(action: string): string {
  return action.slice(0, action.lastIndexOf("/")) || "/";
}
