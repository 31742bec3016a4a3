import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { HostPort } from "@kasbah/runtime";

/** A small HTTP service that tells every caller who it believes the caller is. */
export interface App {
  readonly address: HostPort;
  /** How many requests have reached it. */
  requestCount(): number;
  close(): Promise<void>;
}

/** Listens on loopback only: the one way in from the mesh is through its Envoy. */
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

/** The URI of `x-forwarded-client-cert`, which Envoy alone writes (SANITIZE_SET), so its one element needs no quoting rules. */
function peerIn(header: string | string[] | undefined): string | null {
  const elements = (typeof header === "string" ? header : "").split(";");
  return elements.find((element) => element.startsWith("URI="))?.slice("URI=".length) ?? null;
}
