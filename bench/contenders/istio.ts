import { once } from "node:events";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { freePort } from "@kasbah/testkit";
import { LoggedProcess } from "../../test/harness/logged-process.ts";
import { tokenIssuer } from "../materials/issuer.ts";
import type { Contender } from "./contender.ts";
import { buildPeer, type GoPeer } from "./go-peer.ts";

export const istioPeer: GoPeer = { name: "istio-ca", package: "." };

/** The certificate service of Istio's control plane, from Istio's own packages. */
export function istio(say: (text: string) => void): Contender {
  return {
    name: "istio",
    dialect: "istio",
    isPeer: true,
    whyNot: ({ workers, tokens }) => {
      if (tokens === "token-review") return "istio runs here without an API server";
      return workers > 1 ? "istio has no workers: it uses every core" : undefined;
    },
    async start({ rootKey }, folder, { issuer }) {
      const binary = buildPeer(istioPeer, say);
      const [jwks, jwksUrl] = await serveJwks(issuer.jwks);
      const port = await freePort();
      mkdirSync(folder, { recursive: true });
      const address = ["-address", `127.0.0.1:${port}`, "-directory", folder];
      const tokens = ["-jwks", jwksUrl, "-issuer", tokenIssuer, "-root-key", rootKey];
      const ca = new LoggedProcess({ title: "istio-ca", command: [binary, ...address, ...tokens] });
      await ca.says("listening on");
      const rootsPem = readFileSync(join(folder, "root-cert.pem"), "utf8");
      const stop = async () => {
        await ca.stop();
        jwks.close();
      };
      return { pid: ca.pid, target: { dialect: "istio", host: "127.0.0.1", port, rootsPem }, stop };
    },
  };
}

async function serveJwks(jwks: object): Promise<readonly [Server, string]> {
  const server = createServer((_, response) => response.end(JSON.stringify(jwks)));
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
  return [server, `http://127.0.0.1:${address.port}/keys`];
}
