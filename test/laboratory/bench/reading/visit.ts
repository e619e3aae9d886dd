import { gzipSync } from "node:zlib";
import { COUNTS_PATH, counts } from "../../../support/stores/counts.ts";
import { API_TOKEN } from "../boot.ts";
import type { Address } from "./addresses.ts";
import type { SeededLedger } from "./seeded.ts";

/** Asks a ledger as somebody who may read it. */
export interface Visitor {
  ledger: SeededLedger;
  headers: Record<Address["door"], Record<string, string>>;
}

/** Signs in where pages are asked for. */
export async function visitorOf(ledger: SeededLedger, addresses: readonly Address[]): Promise<Visitor> {
  const pages = addresses.some(({ door }) => door === "page");
  return {
    ledger,
    headers: {
      api: { Authorization: `Bearer ${API_TOKEN}` },
      page: pages ? { Cookie: await signIn(ledger.worker.url) } : {},
    },
  };
}

async function signIn(url: URL): Promise<string> {
  const response = await fetch(new URL("/sign-in", url).href, {
    method: "POST",
    body: new URLSearchParams({ token: API_TOKEN }),
    headers: { Origin: url.origin },
    redirect: "manual",
  });
  const [cookie] = response.headers.getSetCookie();
  if (cookie === undefined) throw new Error(`the sign-in answered ${response.status} without a cookie`);
  return cookie.split(";", 1).join();
}

/** @returns milliseconds until the last byte */
export async function timeOf(visitor: Visitor, address: Address): Promise<number> {
  const start = performance.now();
  await visit(visitor, address);
  return performance.now() - start;
}

/** Rows that D1 reads for one visit. */
export async function rowsReadBy(visitor: Visitor, address: Address): Promise<number> {
  const { url } = visitor.ledger.worker;
  const count = async () => counts.parse(await (await fetch(new URL(COUNTS_PATH, url).href)).json());
  await count();
  await visit(visitor, address);
  return (await count()).rowsRead;
}

/** The files of its own that a page names: they are loaded with it on the first visit. */
const ASSET = /(?:href|src)="(\/[^"]+\.(?:css|js|svg)(?:\?[^"]*)?)"/g;

/** @returns bytes of an answer as gzip makes them, with those of the styles, scripts and pictures that it names */
export async function gzipBytesOf(visitor: Visitor, address: Address): Promise<number> {
  const text = await visit(visitor, address);
  let bytes = gzipSync(text).byteLength;
  for (const path of new Set(Array.from(text.matchAll(ASSET), ([, named = ""]) => named))) {
    const asset = await fetch(new URL(path, visitor.ledger.worker.url).href);
    if (!asset.ok) throw new Error(`${path} answered ${asset.status}`);
    bytes += gzipSync(await asset.text()).byteLength;
  }
  return bytes;
}

async function visit({ ledger, headers }: Visitor, { path, door }: Address): Promise<string> {
  const address = new URL(path(ledger.callId), ledger.worker.url).href;
  const response = await fetch(address, { headers: headers[door], redirect: "manual" });
  if (response.status !== 200) throw new Error(`${address} answered ${response.status}`);
  return response.text();
}
