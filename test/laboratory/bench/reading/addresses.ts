/** An address of a ledger whose answer is measured. */
export interface Address {
  name: string;
  /** @param callId of a call with a conversation of some sixty turns */
  path: (callId: string) => string;
  /** `page`: for people, behind the sign-in; `api`: for programs, by the token. */
  door: "page" | "api";
}

/** The default views, which open when nothing has been chosen yet, and a search. None may grow with the table. */
export const addresses: readonly Address[] = [
  { name: "overview", path: () => "/", door: "page" },
  { name: "calls", path: () => "/calls", door: "page" },
  { name: "a call", path: (callId) => `/calls/${callId}`, door: "page" },
  { name: "GET /api/stats", path: () => "/api/stats", door: "api" },
  { name: "GET /api/calls", path: () => "/api/calls", door: "api" },
  // A word that a quarter of all calls have.
  { name: "GET /api/calls?q=Friday", path: () => "/api/calls?q=Friday", door: "api" },
  { name: "GET /api/calls/{id}", path: (callId) => `/api/calls/${callId}`, door: "api" },
];
