/** Whether a host is this machine: 127.0.0.0/8, ::1 or localhost, as `URL` writes them. */
export function isThisMachine({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
