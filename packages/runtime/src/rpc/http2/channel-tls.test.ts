import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { createKeyPair } from "@kasbah/pki";
import { createTestAuthority, eventually, type LeafOrder, type TestAuthority } from "@kasbah/testkit";
import { GrpcServer } from "../grpc-js/index.ts";
import { grpcStatus, unaryRoute } from "../index.ts";
import { Http2Channel, type TlsTarget } from "./index.ts";

const bytes = {
  encode: (message: Uint8Array) => message,
  decode: (message: Uint8Array) => Buffer.from(message),
};
const say = { path: "/test.Echo/Say", request: bytes, response: bytes };
const hello = Buffer.from("hello");
const soon = { deadlineMs: 60_000, metadata: { authorization: "Bearer a.b.c" } };
const { UNAVAILABLE, DEADLINE_EXCEEDED } = grpcStatus;
const loopback = [{ kind: "ip", value: "127.0.0.1" } as const];
const localhost = [{ kind: "dns", value: "localhost" } as const];

interface Identity {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

async function identityOf(authority: TestAuthority, leaf: Omit<LeafOrder, "publicKey">): Promise<Identity> {
  const keyPair = await createKeyPair("P-256");
  const certificate = await authority.issue({ publicKey: keyPair.publicKey, ...leaf });
  return { certificateChainPem: certificate.toPem(), privateKeyPem: keyPair.toPkcs8Pem() };
}

async function tryCall(target: TlsTarget, deadlineMs = 5_000): Promise<Buffer> {
  const channel = new Http2Channel(target);
  try {
    return await channel.unary(say, hello, { ...soon, deadlineMs });
  } finally {
    channel.close();
  }
}

describe("Http2Channel over TLS", () => {
  let authority: TestAuthority;
  let rootsPem: string;

  before(async () => {
    authority = await createTestAuthority();
    rootsPem = authority.rootPem;
  });

  describe("untrusted servers", () => {
    /** Starts a server that accepts any bytes, and returns how many arrive after the TLS handshake. */
    async function heardBy(
      identity: Identity,
      target: Partial<TlsTarget>,
      options: TlsOptions = {},
    ): Promise<number> {
      let heard = 0;
      const { certificateChainPem: cert, privateKeyPem: key } = identity;
      const listen = (socket: TLSSocket) => {
        socket.on("error", () => {});
        socket.on("data", (data) => {
          heard += data.length;
        });
      };
      const server = createServer({ cert, key, ALPNProtocols: ["h2"], ...options }, listen);
      const open = new Set<Socket>();
      server.on("connection", (socket: Socket) => {
        open.add(socket);
        socket.once("close", () => open.delete(socket));
      });
      server.on("tlsClientError", () => {});
      const port = await portOf(server.listen(0, "127.0.0.1"));
      const address = { host: "127.0.0.1", port };
      await assert.rejects(tryCall({ address, rootsPem, ...target }), {
        code: UNAVAILABLE,
        details: undefined,
        retryAfterMs: undefined,
      });
      await eventually(() => open.size === 0);
      server.close();
      return heard;
    }

    const good = () => identityOf(authority, { names: loopback });

    it("sends nothing to a server of another root, nor to any server if there is no root", async () => {
      const other = await createTestAuthority("Other");
      assert.equal(await heardBy(await good(), { rootsPem: other.rootPem }), 0);
      assert.equal(await heardBy(await good(), { rootsPem: "" }), 0);
      assert.equal(await heardBy(await good(), { rootsPem: "\n" }), 0);
    });

    it("sends nothing to a server with another name or address", async () => {
      assert.equal(await heardBy(await identityOf(authority, { names: localhost }), {}), 0);
      const elsewhere = [{ kind: "ip", value: "127.0.0.2" } as const];
      assert.equal(await heardBy(await identityOf(authority, { names: elsewhere }), {}), 0);
      assert.equal(await heardBy(await good(), { serverName: "istiod.istio-system.svc" }), 0);
    });

    it("sends nothing to a server whose certificate has expired or is not yet valid", async () => {
      const year = (text: string) => new Date(`${text}-01-01T00:00:00Z`);
      const ended = { names: loopback, notBefore: year("2020"), notAfter: year("2021") };
      assert.equal(await heardBy(await identityOf(authority, ended), {}), 0);
      const early = { names: loopback, notBefore: year("2044"), notAfter: year("2045") };
      assert.equal(await heardBy(await identityOf(authority, early), {}), 0);
    });

    it("sends nothing to a server that does not agree on HTTP/2", async () => {
      assert.equal(await heardBy(await good(), {}, { ALPNProtocols: [] }), 0);
      assert.equal(await heardBy(await good(), {}, { ALPNProtocols: ["http/1.1"] }), 0);
    });

    it("sends nothing to a server of TLS 1.1", async () => {
      const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      assert.equal(await heardBy(await good(), {}, old), 0);
    });

    it("sends nothing to a server of TLS 1.2 without authenticated encryption", async () => {
      for (const ciphers of ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA"]) {
        const old = { minVersion: "TLSv1.2", maxVersion: "TLSv1.2", ciphers } as const;
        assert.equal(await heardBy(await good(), {}, old), 0, ciphers);
      }
    });

    it("sends nothing to a server without TLS, and waits for a silent one only until the deadline", async () => {
      const heard: Buffer[] = [];
      const silent = createTcpServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", (chunk) => heard.push(Buffer.from(chunk)));
      });
      const address = { host: "127.0.0.1", port: await portOf(silent.listen(0, "127.0.0.1")) };
      await assert.rejects(tryCall({ address, rootsPem }, 100), { code: DEADLINE_EXCEEDED });
      silent.close();
      assert.ok(!Buffer.concat(heard).includes("Bearer"));
      const rude = createTcpServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
      const port = await portOf(rude.listen(0, "127.0.0.1"));
      await assert.rejects(tryCall({ address: { host: "127.0.0.1", port }, rootsPem }), {
        code: UNAVAILABLE,
      });
      rude.close();
    });
  });

  describe("GrpcServer as the peer", () => {
    let server: GrpcServer;
    let port: number;
    let peers: (readonly Uint8Array[])[];

    before(async () => {
      const echo = unaryRoute<Uint8Array, Uint8Array>({
        path: say.path,
        ...bytes,
        handle: async (call) => {
          peers.push(call.peerCertificates());
          return call.request();
        },
      });
      const toStatus = () => ({ code: grpcStatus.INTERNAL, message: "internal error" });
      server = new GrpcServer({ routes: [echo], toStatus });
      const identity = await identityOf(authority, { names: [...loopback, ...localhost] });
      ({ port } = await server.listenTls(
        { host: "127.0.0.1", port: 0 },
        { ...identity, clientRootsPem: rootsPem },
      ));
    });

    beforeEach(() => {
      peers = [];
    });

    after(() => server.close(100));

    it("reaches the server by address, by name, and by a name other than the dialed one", async () => {
      for (const [host, more] of [
        ["127.0.0.1", {}],
        ["localhost", {}],
        ["127.0.0.1", { serverName: "localhost" }],
        ["localhost", { serverName: "127.0.0.1" }],
      ] as const) {
        assert.deepEqual(await tryCall({ address: { host, port }, rootsPem, ...more }), hello);
      }
      assert.deepEqual(peers, [[], [], [], []]);
    });

    it("presents its own certificate to a server that requests one", async () => {
      const clientIdentity = await identityOf(authority, {
        names: [{ kind: "uri", value: "spiffe://a/ns/b/sa/c" }],
      });
      await tryCall({ address: { host: "127.0.0.1", port }, rootsPem, clientIdentity });
      const [shown] = peers[0] ?? [];
      assert.ok(shown);
      assert.equal(
        new X509Certificate(shown).fingerprint256,
        new X509Certificate(clientIdentity.certificateChainPem).fingerprint256,
      );
    });

    it("uses one connection for many calls, and sends messages that span many frames", async () => {
      const channel = new Http2Channel({ address: { host: "127.0.0.1", port }, rootsPem });
      await channel.unary(say, hello, soon);
      const before = server.connections;
      const large = Buffer.alloc(100 * 1024, 7);
      const answers = await Promise.all(Array.from({ length: 20 }, () => channel.unary(say, large, soon)));
      assert.ok(answers.every((answer) => answer.equals(large)));
      assert.equal(server.connections, before);
      channel.close();
    });
  });
});

async function portOf(server: ReturnType<typeof createTcpServer>): Promise<number> {
  if (!server.listening) await once(server, "listening");
  const bound = server.address();
  assert.ok(bound !== null && typeof bound === "object");
  return bound.port;
}
