import type { HostPort } from "@kasbah/runtime";
import { z } from "zod";

const page = z.object({
  certificate: z.object({ notAfter: z.string() }).optional(),
  lastFailure: z.object({ code: z.string(), message: z.string().optional() }).optional(),
});

/** What an agent says about its certificate. */
export type AgentPage = z.infer<typeof page>;

/** Undefined if the agent does not answer. */
export async function readAgentPage({ host, port }: HostPort): Promise<AgentPage | undefined> {
  try {
    const response = await fetch(`http://${host}:${port}/debug/secrets`, {
      signal: AbortSignal.timeout(2000),
    });
    return page.parse(await response.json());
  } catch {
    return undefined;
  }
}
