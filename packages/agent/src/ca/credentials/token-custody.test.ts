import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { createCertificateRequest, createKeyPair, parseSpiffeId, TrustBundle } from "@kasbah/pki";
import { Secret } from "@kasbah/runtime";
import { createTestAuthority, type LeafOrder, rejectsWithCode, type TestAuthority } from "@kasbah/testkit";
import { type CaCall, CaClient } from "../ca-client.ts";

const never = new AbortController().signal;
const token = "header.a-token-that-nobody-else-may-see.signature";

/** A server in the place of the CA that records every byte sent to it. */
describe("The token file", () => {
  let authority: TestAuthority;
  let order: CaCall;
  let servers: Server[];

  before(async () => {
    authority = await createTestAuthority();
    const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/a/sa/b");
    const csrPem = createCertificateRequest(await createKeyPair("P-256"), spiffeId);
    const roots = TrustBundle.from([authority.certificate]);
    order = { csrPem, ttlMs: 90_000, deadlineMs: 10_000, token: new Secret(token), roots };
  });

  beforeEach(() => {
    servers = [];
  });

  afterEach(() => {
    for (const server of servers) server.close();
  });

  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  };

  const identity = async (by: TestAuthority, changes: Partial<LeafOrder> = {}) => {
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "ip" as const, value: "127.0.0.1" }];
    const leaf = await by.issue({ publicKey: keyPair.publicKey, names, ...changes });
    return { cert: leaf.toPem(), key: keyPair.toPkcs8Pem() };
  };

  /** Calls a TLS server and returns the bytes that it decrypts. */
  async function decryptedBy(options: TlsOptions): Promise<Buffer> {
    const heard: Buffer[] = [];
    const server = createTlsServer({ ALPNProtocols: ["h2"], ...options }, (socket) => {
      socket.on("data", (bytes) => heard.push(Buffer.from(bytes))).on("error", () => {});
      socket.write("\0\0\0\x04\0\0\0\0\0", "latin1");
    });
    server.on("tlsClientError", () => {});
    const port = await listen(server);
    const client = new CaClient({ host: "127.0.0.1", port });
    await rejectsWithCode(client.createCertificate(order, never), "CA_UNREACHABLE");
    return Buffer.concat(heard);
  }

  it("sends no byte of the token to a server under an untrusted root", async () => {
    assert.equal((await decryptedBy(await identity(await createTestAuthority("Stranger")))).length, 0);
  });

  it("sends no byte of the token to a server of a trusted root with another name", async () => {
    const names = [{ kind: "dns" as const, value: "elsewhere.example" }];
    assert.equal((await decryptedBy(await identity(authority, { names }))).length, 0);
  });

  it("sends no byte of the token to a workload of the same mesh", async () => {
    const names = [{ kind: "uri" as const, value: "spiffe://cluster.local/ns/a/sa/thief" }];
    assert.equal((await decryptedBy(await identity(authority, { names }))).length, 0);
  });

  it("sends no byte of the token to a server whose certificate is expired or not yet valid", async () => {
    const ended = { notAfter: new Date("2020-06-01T00:00:00Z") };
    assert.equal((await decryptedBy(await identity(authority, ended))).length, 0);
    const future = { notBefore: new Date("2044-01-01T00:00:00Z") };
    assert.equal((await decryptedBy(await identity(authority, future))).length, 0);
  });

  it("sends no byte of the token to a server that does not speak HTTP/2", async () => {
    const options = await identity(authority);
    assert.equal((await decryptedBy({ ...options, ALPNProtocols: ["http/1.1"] })).length, 0);
  });

  it("sends no byte of the token over TLS 1.1", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    assert.equal((await decryptedBy({ ...(await identity(authority)), ...old })).length, 0);
  });

  it("sends only an unanswered TLS handshake to a server without TLS", async () => {
    const heard: Buffer[] = [];
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        heard.push(Buffer.from(bytes));
        // The settings frame that starts an HTTP/2 connection in plain text.
        socket.write("\0\0\0\x04\0\0\0\0\0", "latin1");
      });
    });
    const client = new CaClient({ host: "127.0.0.1", port: await listen(server) });
    await rejectsWithCode(client.createCertificate(order, never), "CA_UNREACHABLE");
    const bytes = Buffer.concat(heard);
    assert.equal(bytes[0], 0x16, "a TLS record of a handshake");
    assert.ok(!bytes.includes(token) && !bytes.includes("Bearer") && !bytes.includes("PRI * HTTP/2.0"));
  });

  it("sends the whole token to the CA, which proves that the other servers would have received it", async () => {
    const heard: Buffer[] = [];
    const arrived = Promise.withResolvers<void>();
    const server = createTlsServer({ ALPNProtocols: ["h2"], ...(await identity(authority)) }, (socket) => {
      socket.write("\0\0\0\x04\0\0\0\0\0", "latin1");
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        heard.push(Buffer.from(bytes));
        if (Buffer.concat(heard).length > 500) arrived.resolve();
      });
    });
    const stop = new AbortController();
    const client = new CaClient({ host: "127.0.0.1", port: await listen(server) });
    const call = client.createCertificate(order, stop.signal);
    await arrived.promise;
    stop.abort();
    await assert.rejects(call);
    assert.ok(Buffer.concat(heard).includes("PRI * HTTP/2.0"));
  });
});
