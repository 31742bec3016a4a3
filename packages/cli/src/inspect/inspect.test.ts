import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { createKeyPair } from "@kasbah/pki";
import { type SdsSecret, streamSecrets } from "@kasbah/protocol";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { streamRoute } from "@kasbah/runtime/rpc";
import {
  createOddCertificate,
  createTestAuthority,
  rejectsWithCode,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { inspect } from "./inspect.ts";

const now = new Date("2026-11-20T12:00:00Z");
const uri = "spiffe://cluster.local/ns/demo/sa/frontend";

describe("kasbah inspect", () => {
  let directory: TemporaryDirectory;
  let authority: TestAuthority;
  let leafPem: string;
  let keyPem: string;
  /** The first line of the key's base64. The rest is the public key, which a certificate contains, too. */
  let privatePart: string;

  before(async () => {
    authority = await createTestAuthority();
    const keyPair = await createKeyPair("P-256");
    keyPem = keyPair.toPkcs8Pem();
    privatePart = keyPem.split("\n")[1] ?? "";
    assert.equal(privatePart.length, 64);
    const names = [{ kind: "uri" as const, value: uri }];
    const notAfter = new Date(now.getTime() + 90_000);
    leafPem = (await authority.issue({ publicKey: keyPair.publicKey, names, notAfter })).toPem();
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const fileWith = async (content: string | Uint8Array) => {
    await writeFile(directory.join("x.pem"), content);
    return directory.join("x.pem");
  };

  it("rejects a missing file, a folder, an endless file and a file without certificates", async () => {
    await rejectsWithCode(inspect(directory.join("none"), "text", now), "TARGET_UNREACHABLE");
    await rejectsWithCode(inspect(directory.path, "text", now), "TARGET_INVALID");
    await rejectsWithCode(inspect(await fileWith(new Uint8Array(300_000)), "text", now), "TARGET_INVALID");
    await rejectsWithCode(inspect(await fileWith("hello"), "text", now), "CERTIFICATE_MALFORMED");
  });

  it("never prints a private key from a file", async () => {
    const path = await fileWith(keyPem + leafPem);
    const said = await inspect(path, "pem", now).catch((error: Error) => error.message);
    assert.doesNotMatch(said, /PRIVATE KEY-----\n/);
    assert.ok(!said.includes(privatePart));
  });

  it("prints the name, the principal, the remaining time and the openssl command for a file", async () => {
    const path = await fileWith(leafPem);
    const text = await inspect(path, "text", now);
    assert.match(text, /SPIFFE ID {3}spiffe:\/\/cluster\.local\/ns\/demo\/sa\/frontend/);
    assert.match(text, /principals {2}"cluster\.local\/ns\/demo\/sa\/frontend"/);
    assert.match(text, /1m30s left/);
    assert.match(text, /openssl x509 -noout .* -in \S+x\.pem/);
  });

  it("prints the readable roots of a bundle, and the place and the reason of each other block", async () => {
    const odd = createOddCertificate({ commonName: "odd", key: "P-521" });
    const unusable = createOddCertificate({ commonName: "bad", key: "ml-dsa-44" });
    const path = await fileWith(
      ` ${authority.rootPem}${unusable.pem}${odd.pem}${keyPem}`.replaceAll("\n", " \r\n"),
    );
    const report = JSON.parse(await inspect(path, "json", now));
    assert.deepEqual(
      report.chain.map(({ keyType }: { keyType: string }) => keyType),
      ["P-256", "P-521"],
    );
    const text = await inspect(path, "text", now);
    assert.match(
      text,
      /not usable\n {2}block 2 \(line \d+, SHA-256 [0-9a-f]{64}\): unsupported key algorithm/,
    );
    assert.match(text, /not usable\n {2}block 4 \(line \d+\): it is a block of PRIVATE KEY/);
  });

  it("prints how long ago a certificate expired", async () => {
    const later = new Date(now.getTime() + 120_000);
    assert.match(await inspect(await fileWith(leafPem), "text", later), /expired 30s ago/);
  });

  it("prints a chain in order, as JSON and as PEM", async () => {
    const path = await fileWith(leafPem + authority.rootPem);
    const report = JSON.parse(await inspect(path, "json", now));
    assert.deepEqual(
      report.chain.map(({ kind }: { kind: string }) => kind),
      ["workload", "authority"],
    );
    assert.equal(report.chain[0].principal, "cluster.local/ns/demo/sa/frontend");
    assert.equal(report.chain[0].remainingMs, 90_000);
    assert.equal(await inspect(path, "pem", now), leafPem + authority.rootPem);
  });

  describe("TLS server", () => {
    const addressOf = (server: { address(): unknown }) =>
      `127.0.0.1:${(server.address() as AddressInfo).port}`;

    it("reports a server that does not speak TLS, and one that is not listening", async () => {
      const server = createTcpServer((socket) =>
        socket
          .on("error", () => {})
          .resume()
          .end("220 hello\r\n"),
      ).listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = addressOf(server);
      await rejectsWithCode(inspect(address, "text", now), "TARGET_UNREACHABLE");
      await once(server.close(), "close");
      await rejectsWithCode(inspect(address, "text", now), "TARGET_UNREACHABLE");
    });

    it("prints what the server presents, without a client certificate and without sending data", async () => {
      let received = 0;
      const options = {
        key: keyPem,
        cert: leafPem + authority.rootPem,
        requestCert: true,
        rejectUnauthorized: false,
      };
      const server = createTlsServer(options, (socket) => {
        socket.on("error", () => {});
        socket.on("data", (bytes) => {
          received += bytes.length;
        });
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const report = JSON.parse(await inspect(addressOf(server), "json", now));
      assert.equal(report.chain[0].spiffeId, uri);
      assert.equal(report.chain.length, 2);
      assert.equal(received, 0);
      await once(server.close(), "close");
    });
  });

  describe("SDS socket", () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    let server: Http2Server;
    afterEach(() => server.close(0));

    /** Answers the first request of each stream with the result of `secretFor`, and records the requests. */
    const serve = async (secretFor: (name: string) => SdsSecret[]) => {
      const asked: string[] = [];
      const route = streamRoute({
        path: streamSecrets.path,
        decode: streamSecrets.request.decode,
        encode: streamSecrets.response.encode,
        handle: async ({ requests, send }) => {
          for await (const { resourceNames } of requests) {
            asked.push(resourceNames.join());
            send({ versionInfo: "1", nonce: "n", resources: secretFor(resourceNames[0] ?? "") });
          }
        },
      });
      server = new Http2Server({ routes: [route], toStatus: () => ({ code: 13, message: "" }) });
      await server.listenUnix(directory.join("sds.sock"));
      return { target: `unix:${directory.join("sds.sock")}`, asked };
    };
    const served = (name: string): SdsSecret =>
      name === "ROOTCA"
        ? { kind: "validationContext", name, trustedCa: bytes(authority.rootPem) }
        : { kind: "tlsCertificate", name, certificateChain: bytes(leafPem), privateKey: bytes(keyPem) };

    it("rejects an answer for another name", async () => {
      const { target } = await serve(() => [served("other")]);
      await rejectsWithCode(inspect(target, "text", now), "TARGET_REPLY_INVALID");
    });

    it("prints the chain and the roots, requests each once, and never prints the key", async () => {
      const { target, asked } = await serve((name) => [served(name)]);
      const text = await inspect(target, "text", now);
      assert.match(text, /SPIFFE ID {3}spiffe:\/\/cluster\.local\/ns\/demo\/sa\/frontend/);
      assert.match(text, /trust bundle/);
      for (const format of ["text", "json", "pem"] as const) {
        const said = await inspect(target, format, now);
        assert.ok(!said.includes(privatePart), format);
      }
      assert.deepEqual(asked.slice(0, 2).sort(), ["ROOTCA", "default"]);
      assert.equal(asked.length, 8);
    });
  });
});
