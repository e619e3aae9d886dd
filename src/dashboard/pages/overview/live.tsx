import * as z from "zod";
import { readQuery } from "../../../http/input.ts";
import { reader } from "../../../ledger/schema.ts";
import { callFilter } from "../../../ledger/search.ts";
import { readLive } from "../../../ledger/totals/statistics.ts";
import { fragment } from "../../ui/html.ts";
import type { PageHandler } from "../../ui/viewer.ts";
import { LiveCalls } from "./now.tsx";

const schema = z.object({ agent_id: callFilter.agent_id });

/** `GET /live`: the part of the overview with the calls that go on, by itself: one query of the last six hours. */
export const showLive: PageHandler = async (request, viewer, env) => {
  const query = readQuery(new URL(request.url), schema);
  if (!query.ok) return query.response;
  const { agent_id } = query.value;
  const calls = await readLive(reader(env.DB), { agent_id: agent_id ?? null }, viewer.now);
  return fragment(<LiveCalls calls={calls} agent_id={agent_id} viewer={viewer} />);
};
