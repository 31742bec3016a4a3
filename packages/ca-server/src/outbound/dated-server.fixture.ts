import { once } from "node:events";
import { createServer, type Server } from "node:https";
import { createKeyPair } from "@kasbah/pki";
import type { TestAuthority } from "@kasbah/testkit";

export interface ServerCertificate {
  readonly authority: TestAuthority;
  /** Sent along with the certificate. */
  readonly above?: readonly TestAuthority[];
  readonly address?: string;
  /** A DNS name in place of the address. */
  readonly name?: string;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** The time that every server of this kind reports. */
export const reportedTime = "Tue, 01 Jan 2030 00:00:00 GMT";

/** HTTPS servers on loopback whose certificates a test dates; they keep what callers sent. */
export class DatedServers {
  readonly authorization: (string | undefined)[] = [];
  readonly #servers: Server[] = [];

  async start({
    authority,
    above = [],
    address = "127.0.0.1",
    name,
    ...ages
  }: ServerCertificate): Promise<URL> {
    const keyPair = await createKeyPair("P-256");
    const names = [name === undefined ? ipName(address) : ({ kind: "dns", value: name } as const)];
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names, ...ages });
    const cert = [leaf.toPem(), ...above.map(({ rootPem }) => rootPem)].join("");
    const server = createServer({ key: keyPair.toPkcs8Pem(), cert }, (request, response) => {
      this.authorization.push(request.headers.authorization);
      response.sendDate = false;
      response.writeHead(401, { date: reportedTime }).end("{}");
    });
    this.#servers.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const bound = server.address();
    if (typeof bound !== "object" || bound === null) throw new Error("the server does not listen on TCP");
    return new URL(`https://127.0.0.1:${bound.port}`);
  }

  /** The number of open connections. */
  async open(): Promise<number> {
    const count = (server: Server) =>
      new Promise<number>((resolve, reject) => {
        server.getConnections((error, open) => (error ? reject(error) : resolve(open)));
      });
    return (await Promise.all(this.#servers.map(count))).reduce((sum, one) => sum + one, 0);
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

function ipName(value: string) {
  return { kind: "ip", value } as const;
}
