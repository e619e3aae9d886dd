import { EXPORTED_KEY } from "./exported.ts";

/** A request that a route of the API answers well, in a ledger with the calls `call-1` and `call-2`. */
export interface ApiRequest {
  /** Below `/api`. `{job}` in it is to be replaced by the id of an erasure, `{range}` by that of a job that sends a range again. */
  path: string;
  body?: object;
  status: 200 | 202;
  /** The stores without which there is no answer. */
  needs: readonly ("D1" | "R2")[];
}

/** The settings that they need: at the platform nobody answers. */
export const apiEnv = { ATOMS_API_KEY: "sk_atoms", ATOMS_API_BASE: "http://127.0.0.1:1" };

/** One for every route, by method and path as the OpenAPI document has them. */
export const apiRequests: { [route: string]: ApiRequest } = {
  "get /calls": { path: "/calls", status: 200, needs: ["D1"] },
  "get /calls.csv": { path: "/calls.csv", status: 200, needs: ["D1"] },
  "get /calls/{call_id}": { path: "/calls/call-1", status: 200, needs: ["D1"] },
  "get /calls/{call_id}/transcript": { path: "/calls/call-1/transcript", status: 200, needs: ["D1", "R2"] },
  "get /calls/{call_id}/recording": { path: "/calls/call-1/recording", status: 200, needs: ["D1", "R2"] },
  "delete /calls/{call_id}": { path: "/calls/call-2", status: 202, needs: ["D1"] },
  "post /erasures": { path: "/erasures", body: { caller_phone: "+15559999999" }, status: 202, needs: ["D1"] },
  "post /imports": { path: "/imports", body: { platform: "atoms", from: "2024-07-15" }, status: 202, needs: ["D1"] },
  "get /jobs/{id}": { path: "/jobs/{job}", status: 200, needs: ["D1"] },
  "post /jobs/{id}/stop": { path: "/jobs/{range}/stop", status: 200, needs: ["D1"] },
  "get /stats": { path: "/stats", status: 200, needs: ["D1"] },
  "get /deliveries": { path: "/deliveries", status: 200, needs: ["D1"] },
  "get /deliveries/failures": { path: "/deliveries/failures", status: 200, needs: ["D1"] },
  "post /deliveries/retry": { path: "/deliveries/retry", status: 200, needs: ["D1"] },
  "post /deliveries/retry/preview": { path: "/deliveries/retry/preview", status: 200, needs: ["D1"] },
  "get /quarantine": { path: "/quarantine", status: 200, needs: ["R2"] },
  "post /quarantine/replay": { path: "/quarantine/replay", status: 200, needs: ["R2"] },
  "post /quarantine/discard": {
    path: "/quarantine/discard",
    body: { keys: ["quarantine/2024/07/15/none.json"] },
    status: 200,
    needs: ["R2"],
  },
  "post /erasures/preview": {
    path: "/erasures/preview",
    body: { caller_phone: "+15559999999" },
    status: 200,
    needs: ["D1", "R2"],
  },
  "get /parked": { path: "/parked", status: 200, needs: ["R2"] },
  "get /exports": { path: "/exports", status: 200, needs: ["R2"] },
  "get /exports/{key}": {
    path: `/exports/${encodeURIComponent(EXPORTED_KEY)}`,
    status: 200,
    needs: ["R2"],
  },
  "post /transcripts/index": { path: "/transcripts/index", status: 200, needs: ["D1", "R2"] },
  "post /alerts/test": { path: "/alerts/test", status: 200, needs: [] },
  "get /openapi.json": { path: "/openapi.json", status: 200, needs: [] },
};

/** Sends such a request with the token of the tests. */
export function requestApi(
  url: string,
  method: string,
  { path, body }: Pick<ApiRequest, "path" | "body">,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(new URL(`/api${path}`, url), {
    method: method.toUpperCase(),
    headers: { Authorization: "Bearer token-of-the-tests", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
}
