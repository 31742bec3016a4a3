import assert from "node:assert/strict";
import { once } from "node:events";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { unaryRoute } from "../route.ts";
import { GrpcServer } from "./index.ts";
import { createLoopbackIdentity } from "./loopback-identity.fixture.ts";

const [aes128, aes256] = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"];

const route = unaryRoute({
  path: "/test/Echo",
  decode: (body) => body,
  handle: async (call) => call.request(),
  encode: (body) => body,
});

describe("ServingCredentials", () => {
  let server: GrpcServer;
  let port: number;
  let ca: string;

  before(async () => {
    const { identity, rootsPem } = await createLoopbackIdentity();
    ca = rootsPem;
    server = new GrpcServer({ routes: [route], toStatus: () => ({ code: 13, message: "failed" }) });
    ({ port } = await server.listenTls({ host: "127.0.0.1", port: 0 }, identity));
  });
  after(() => server.close(0));

  async function agreed<T>(client: ConnectionOptions, read: (socket: TLSSocket) => T): Promise<T> {
    const socket = connect({ host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"], ...client });
    try {
      await once(socket, "secureConnect");
      return read(socket);
    } finally {
      socket.destroy();
    }
  }

  it("lets the client choose the cipher suite, because every suite on offer is strong", async () => {
    for (const [first, second] of [
      [aes128, aes256],
      [aes256, aes128],
    ])
      assert.equal(
        await agreed({ ciphers: `${first}:${second}` }, (socket) => socket.getCipher().name),
        first,
      );
  });

  it("agrees on the hybrid post-quantum key exchange with a client that prefers it, and with one that insists on it", async () => {
    for (const ecdhCurve of ["X25519MLKEM768:X25519:P-256", "X25519MLKEM768"]) {
      const key = await agreed({ ecdhCurve }, (socket) => socket.getEphemeralKeyInfo());
      assert.match(JSON.stringify(key), /MLKEM768/i, ecdhCurve);
    }
  });

  it("makes a full handshake with a client that offers the session of an earlier connection", async () => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const session = await sessionOf(maxVersion);
      assert.equal(
        await agreed({ session, maxVersion }, (socket) => socket.isSessionReused()),
        false,
        maxVersion,
      );
    }
  });

  async function sessionOf(maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<Buffer> {
    const socket = connect({ host: "127.0.0.1", port, ca, ALPNProtocols: ["h2"], maxVersion });
    try {
      const [session] = await once(socket, "session");
      return session;
    } finally {
      socket.destroy();
    }
  }
});
