import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect as connectHttp2, constants } from "node:http2";
import { connect as connectTcp } from "node:net";
import { type Certificate, createKeyPair, type KeyPair } from "@kasbah/pki";
import {
  createTestAuthority,
  eventually,
  forgeCertificate,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { GrpcServer } from "../rpc/grpc-js/index.ts";
import { grpcStatus, unaryRoute } from "../rpc/index.ts";

const path = "/test.Echo/Say";
const ipName = [{ kind: "ip", value: "127.0.0.1" }] as const;

describe("HandshakeWatch", () => {
  let directory: TemporaryDirectory;
  let server: GrpcServer;
  let port: number;
  let authority: TestAuthority;
  let ca: string;
  let certificates: readonly (readonly Uint8Array[])[];
  let failures: string[];

  before(async () => {
    directory = await temporaryDirectory();
    authority = await createTestAuthority();
    ca = authority.rootPem;
    await writeFile(directory.join("root.pem"), ca);
    await writeFile(directory.join("other.pem"), (await createTestAuthority()).rootPem);
    const keyPair = await createKeyPair("P-256");
    const leaf = await authority.issue({ publicKey: keyPair.publicKey, names: ipName });
    const echo = unaryRoute<Uint8Array, Uint8Array>({
      path,
      decode: (body) => body,
      encode: (body) => body,
      handle: async (received) => {
        certificates = [...certificates, received.peerCertificates()];
        return received.request();
      },
    });
    server = new GrpcServer({
      routes: [echo],
      toStatus: () => ({ code: grpcStatus.INTERNAL, message: "internal error" }),
      limits: { handshakeTimeoutMs: 700, firstRequestTimeoutMs: 3_000 },
      onHandshakeFailure: (reason, group) => failures.push(`${reason} ${group}`),
    });
    const identity = { certificateChainPem: leaf.toPem(), privateKeyPem: keyPair.toPkcs8Pem() };
    ({ port } = await server.listenTls({ host: "127.0.0.1", port: 0 }, { ...identity, clientRootsPem: ca }));
  });

  after(async () => {
    await server.close(0);
    await directory.remove();
  });

  beforeEach(() => {
    failures = [];
    certificates = [];
  });

  /** Runs `openssl s_client`, whose standard input ends when the server has accepted the handshake, or at once. */
  async function openssl(...args: readonly string[]): Promise<string> {
    const target = ["s_client", "-connect", `127.0.0.1:${port}`, "-verify_return_error"];
    const client = spawn("openssl", [...target, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    let output = "";
    client.stdin.on("error", () => {});
    for (const stream of [client.stdout, client.stderr]) {
      stream.on("data", (text) => {
        output += text;
        if (/Verif.*return code/.test(output)) client.stdin.end();
      });
    }
    await once(client, "close");
    return output;
  }

  const trusted = () => ["-CAfile", directory.join("root.pem"), "-alpn", "h2"];

  async function sees(...reasons: readonly string[]): Promise<void> {
    await eventually(() => failures.length >= reasons.length && server.connections === 0);
    assert.deepEqual(
      failures,
      reasons.map((reason) => `${reason} 127.0.0.1`),
    );
  }

  for (const version of ["-tls1_3", "-tls1_2"]) {
    it(`counts a client that rejects the server's root in ${version}`, async () => {
      await openssl("-CAfile", directory.join("other.pem"), "-alpn", "h2", version);
      await sees("unknown_root");
    });
  }

  it("counts a client that expects another name in the server's certificate", async () => {
    await openssl(...trusted(), "-verify_hostname", "other.test");
    await sees("unknown_root");
  });

  it("counts a client for which the server's certificate has expired", async () => {
    await openssl(...trusted(), "-attime", String(Date.UTC(2060, 0) / 1000));
    await sees("expired");
  });

  it("counts protocols that it does not support", async () => {
    await openssl("-CAfile", directory.join("root.pem"));
    await openssl("-CAfile", directory.join("root.pem"), "-alpn", "http/1.1");
    await openssl(...trusted(), "-tls1_1", "-cipher", "ALL:@SECLEVEL=0");
    await openssl(...trusted(), "-tls1_2", "-cipher", "AES256-SHA256");
    const plain = connectTcp({ host: "127.0.0.1", port }).on("error", () => {});
    plain.end("GET / HTTP/1.1\r\n\r\n");
    plain.resume();
    await once(plain, "close");
    await sees(...Array(5).fill("protocol"));
  });

  it("counts a client that closes the connection with the certificate in hand, as Node.js does to reject it", async () => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: "" });
    await once(session, "error");
    await sees("closed");
  });

  it("counts a connection that is only opened", async () => {
    const scan = connectTcp({ host: "127.0.0.1", port });
    await once(scan, "connect");
    scan.destroy();
    await sees("reset");
  });

  it("counts a client that says nothing", async () => {
    const silent = connectTcp({ host: "127.0.0.1", port }).on("error", () => {});
    await once(silent, "close");
    await sees("timeout");
  });

  it("counts a client that speaks HTTP/2 and makes no call, at the end of the connection", async () => {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca });
    await once(session, "remoteSettings");
    session.close();
    await sees("no_call");
  });

  it("counts no client that made a call, or that the server closed", async () => {
    assert.equal(await call({}), 200);
    await eventually(() => server.connections === 0);
    assert.deepEqual(failures, []);
  });

  async function call(credentials: { cert?: string; key?: string }): Promise<unknown> {
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca, ...credentials });
    session.on("error", () => {});
    const stream = session.request({
      ...{ ":method": constants.HTTP2_METHOD_POST, ":path": path },
      ...{ te: "trailers", "content-type": "application/grpc" },
    });
    stream.on("error", () => {});
    stream.resume();
    stream.end(Buffer.of(0, 0, 0, 0, 1, 120));
    const status = new Promise((resolve) =>
      stream.once("response", (headers) => resolve(headers[":status"])),
    );
    const answer = await Promise.race([status, once(stream, "close").then(() => "no answer")]);
    session.close();
    return answer;
  }

  async function clientLeaf(notAfter?: Date): Promise<readonly [Certificate, KeyPair]> {
    const keyPair = await createKeyPair("P-256");
    const order = { publicKey: keyPair.publicKey, names: ipName, ...(notAfter && { notAfter }) };
    return [await authority.issue(order), keyPair];
  }

  it("leaves an expired client certificate to the call, which may come with a valid token", async () => {
    const [leaf, keyPair] = await clientLeaf(new Date("2021-01-01T00:00:00Z"));
    assert.equal(await call({ cert: leaf.toPem(), key: keyPair.toPkcs8Pem() }), 200);
    assert.deepEqual(certificates[0]?.[0], Buffer.from(leaf.der));
  });

  for (const from of ["Node.js", "OpenSSL"]) {
    it(`leaves a forged client certificate in our root's name to the call, or counts it, from ${from}`, async () => {
      const [leaf, keyPair] = await clientLeaf();
      const serial = Buffer.from(leaf.serial, "hex");
      const forged = forgeCertificate(leaf, await createKeyPair("P-256"), serial, serial);
      if (from === "Node.js") {
        assert.equal(await call({ cert: forged.toPem(), key: keyPair.toPkcs8Pem() }), 200);
        assert.deepEqual(certificates[0]?.[0], Buffer.from(forged.der));
        assert.deepEqual(failures, []);
        return;
      }
      await writeFile(directory.join("forged.pem"), `${forged.toPem()}${keyPair.toPkcs8Pem()}`);
      await openssl(
        ...trusted(),
        "-cert",
        directory.join("forged.pem"),
        "-key",
        directory.join("forged.pem"),
      );
      await sees("client_certificate");
    });
  }
});
