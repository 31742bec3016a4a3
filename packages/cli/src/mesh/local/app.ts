import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { HostPort } from "@kasbah/runtime";

/** A small HTTP service that returns the identity of its caller. */
export interface App {
  readonly address: HostPort;
  /** The number of requests so far. */
  requestCount(): number;
  close(): Promise<void>;
}

/** Listens only on loopback, so the mesh can reach it only through its Envoy. */
export async function startApp(name: string): Promise<App> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    const peer = peerIn(request.headers["x-forwarded-client-cert"]);
    response.setHeader("content-type", "application/json");
    response.end(`${JSON.stringify({ service: name, path: pathOf(request), peer })}\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: { host: "127.0.0.1", port },
    requestCount: () => requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").slice(0, 200);
}

/**
 * The URI in `x-forwarded-client-cert`. Only Envoy writes the header (SANITIZE_SET), so its single element
 * needs no unquoting.
 */
function peerIn(header: string | string[] | undefined): string | null {
  const elements = (typeof header === "string" ? header : "").split(";");
  return elements.find((element) => element.startsWith("URI="))?.slice("URI=".length) ?? null;
}
