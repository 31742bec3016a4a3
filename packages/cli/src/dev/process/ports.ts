import { once } from "node:events";
import { createServer } from "node:net";
import { errnoOf, type HostPort } from "@kasbah/runtime";

/** Why a program cannot listen on the address, as the system's code; undefined if it can. */
export async function whyUnusable({ host, port }: HostPort): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen({ host, port, exclusive: true }), "listening");
    return undefined;
  } catch (error) {
    return errnoOf(error) ?? "unexpected failure";
  } finally {
    server.close();
  }
}
