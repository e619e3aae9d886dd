import { request } from "node:http";
import { SECRET } from "./ledger.ts";
import { signedHeaders } from "./sign.ts";

/** Sends a body as the platform does: text and bytes as they are, anything else as JSON. */
export async function post(url: string, payload: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const body = typeof payload === "string" || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
  const response = await fetch(new URL("/webhooks/atoms", url), {
    method: "POST",
    body,
    headers: { ...signedHeaders(body, SECRET), ...headers },
  });
  return readAnswer(response);
}

export interface Answer {
  status: number;
  type: string | null;
  headers: Headers;
  body: unknown;
}

export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  return { status: response.status, type: response.headers.get("Content-Type"), headers: response.headers, body };
}

/** The same without a Content-Length, in chunks. */
export function postChunked(url: string, body: string): Promise<{ status: number | undefined }> {
  const { sending, answered } = open(url, signedHeaders(body, SECRET));
  const half = body.length / 2;
  sending.write(body.slice(0, half));
  sending.end(body.slice(half));
  return answered;
}

/** Declares so many bytes and sends none of them: what is answered was decided by the headers alone. */
export async function announce(url: string, bytes: number): Promise<{ status: number | undefined }> {
  const { sending, answered } = open(url, { ...signedHeaders("", SECRET), "Content-Length": String(bytes) });
  sending.flushHeaders();
  const answer = await answered;
  sending.destroy();
  return answer;
}

function open(url: string, headers: Record<string, string>) {
  const { promise: answered, resolve, reject } = Promise.withResolvers<{ status: number | undefined }>();
  const sending = request(new URL("/webhooks/atoms", url).href, { method: "POST", headers });
  sending.on("response", (response) => {
    response.resume();
    resolve({ status: response.statusCode });
  });
  sending.on("error", reject);
  return { sending, answered };
}
