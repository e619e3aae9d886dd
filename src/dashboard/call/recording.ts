/** The address of a recording, when it is one that a browser may be sent to: anything may stand there, `javascript:` too. */
export function recordingLink(text: string): { href: string; host: string } | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:")) return undefined;
  return { href: url.href, host: url.host };
}
