import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { createKeyPair, createSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { fetchJwks, type JwksEndpoint } from "./jwks-https.ts";

const running = new AbortController().signal;
const validity = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2045-01-01T00:00:00Z") };

describe("A key set over https", () => {
  let directory: TemporaryDirectory;
  let server: Server;
  let url: URL;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let calls: IncomingMessage[];

  before(async () => {
    directory = await temporaryDirectory();
    const writer = createCertificateWriter();
    const [rootKey, serverKey] = await Promise.all([createKeyPair("P-256"), createKeyPair("P-256")]);
    const root = await writer.writeRoot({ serial: createSerial(), validity, organization: "test" }, rootKey);
    const leaf = await writer.writeLeaf(
      {
        serial: createSerial(),
        validity,
        publicKey: serverKey.publicKey,
        subjectAltNames: [{ kind: "ip", value: "127.0.0.1" }],
      },
      { certificate: root, signingKey: rootKey },
    );
    await writeFile(directory.join("ca.pem"), root.toPem());
    await writeFile(directory.join("token"), "caller-token\n");
    server = createServer({ cert: leaf.toPem(), key: serverKey.toPkcs8Pem() }, (request, response) => {
      calls.push(request);
      answer(request, response);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(address !== null && typeof address === "object");
    url = new URL(`https://127.0.0.1:${address.port}/jwks`);
  });

  beforeEach(() => {
    calls = [];
    answer = (_, response) => response.end('{"keys":[]}');
  });

  after(async () => {
    server.closeAllConnections();
    server.close();
    await directory.remove();
  });

  const endpoint = (overrides: Partial<JwksEndpoint> = {}): JwksEndpoint => ({
    url,
    caFile: directory.join("ca.pem"),
    tokenFile: undefined,
    timeoutMs: 1_000,
    ...overrides,
  });

  it("is not fetched from a server whose certificate does not chain to the given roots", async () => {
    await assert.rejects(fetchJwks(endpoint({ caFile: undefined }), running), {
      code: /CERT|SIGNATURE|ISSUER/,
    });
    assert.equal(calls.length, 0);
  });

  it("is not looked for where a redirect leads, so that our token goes nowhere else", async () => {
    answer = (_, response) => response.writeHead(302, { location: url.href }).end();
    await assert.rejects(
      fetchJwks(endpoint({ tokenFile: directory.join("token") }), running),
      /answered 302/,
    );
    assert.equal(calls.length, 1);
  });

  it("is refused beyond 1 MiB, whatever length is announced", async () => {
    answer = (_, response) => {
      const chunk = Buffer.alloc(64 * 1024, 0x20);
      response.on("error", () => undefined);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on("drain", more);
      more();
    };
    await assert.rejects(fetchJwks(endpoint({ timeoutMs: 5_000 }), running), /larger than 1 MiB/);
  });

  it("is given up when the server stalls, before or within the body", async () => {
    answer = () => undefined;
    await assert.rejects(fetchJwks(endpoint({ timeoutMs: 100 }), running), /did not answer in time/);
    answer = (_, response) => response.write("{");
    await assert.rejects(fetchJwks(endpoint({ timeoutMs: 100 }), running), /did not answer in time/);
  });

  it("is refused with any status but 200, and no word of the body comes out", async () => {
    answer = (_, response) => response.writeHead(500).end("internal secret");
    await assert.rejects(fetchJwks(endpoint(), running), (error: Error) => {
      assert.match(error.message, /answered 500/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });

  it("is fetched with the token file's content of that moment", async () => {
    const tokenFile = directory.join("token");
    assert.equal(await fetchJwks(endpoint({ tokenFile }), running), '{"keys":[]}');
    await writeFile(tokenFile, "second-token");
    await fetchJwks(endpoint({ tokenFile }), running);
    const sent = calls.map(({ headers }) => headers.authorization);
    assert.deepEqual(sent, ["Bearer caller-token", "Bearer second-token"]);
  });
});
