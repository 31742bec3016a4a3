import type { HostPort } from "@kasbah/runtime";
import { z } from "zod";
import { getOnce } from "../mesh/processes/http-request.ts";

const page = z.object({
  certificate: z.object({ notAfter: z.string() }).optional(),
  lastFailure: z.object({ code: z.string(), message: z.string().optional() }).optional(),
});

/** What an agent says about its certificate. */
export type AgentPage = z.infer<typeof page>;

/** Undefined if the agent does not answer. */
export async function readAgentPage(address: HostPort): Promise<AgentPage | undefined> {
  try {
    const { body } = await getOnce(address, "/debug/secrets", AbortSignal.timeout(2000));
    return page.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}
