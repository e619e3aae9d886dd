import { sha256 } from "../events/digest.ts";
import base from "./public/base.css";
import call from "./public/call.css";
import calls from "./public/calls.css";
import charts from "./public/charts.css";
import conversation from "./public/conversation.css";
import forms from "./public/forms.css";
import frame from "./public/frame.css";
import icon from "./public/icon.svg";
import overview from "./public/overview.css";
import rows from "./public/rows.css";
import script from "./public/script.js";
import sheets from "./public/sheets.css";
import tables from "./public/tables.css";

/** In this order: what is small overrides what is general. */
const style = [base, frame, sheets, tables, forms, charts, conversation, rows, overview, calls, call].join("\n");

/** What the pages load, and anyone may have: there is nothing of the ledger in it. */
export const assets = [
  asset("/style.css", "text/css; charset=utf-8", style),
  asset("/script.js", "text/javascript; charset=utf-8", script),
  asset("/icon.svg", "image/svg+xml", icon),
  asset("/favicon.ico", "image/svg+xml", icon),
];

function asset(path: string, type: string, text: string) {
  let etag: string | undefined;
  const serve = async (request: Request): Promise<Response> => {
    etag ??= `"${await sha256(new TextEncoder().encode(text))}"`;
    // Asked for again with every page, and not sent again: a deployment is seen at once.
    const headers = { ETag: etag, "Cache-Control": "no-cache", "Content-Type": type };
    const known = request.headers.get("If-None-Match")?.includes(etag);
    return known ? new Response(null, { status: 304, headers }) : new Response(text, { headers });
  };
  return { path, serve };
}
