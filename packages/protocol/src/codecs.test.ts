import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { google, istio } from "../generated/messages.js";
import {
  createCertificate,
  type DeltaDiscoveryResponse,
  decodeRetryAfterMs,
  deltaSecrets,
  encodeStatusDetails,
  type SdsSecret,
  secretTypeUrl,
  streamSecrets,
} from "./index.ts";

const fixtures = new URL("../../../test/fixtures/", import.meta.url);

describe("CreateCertificate messages", () => {
  const { request, response } = createCertificate;

  it("rejects a metadata value that is not a string instead of reading it as absent", () => {
    const fields = { ImpersonatedIdentity: { numberValue: 7 } };
    const bytes = istio.v1.auth.IstioCertificateRequest.encode({ csr: "x", metadata: { fields } }).finish();
    assert.throws(() => request.decode(bytes), /ImpersonatedIdentity is not a string/);
  });

  it("rejects truncated bytes", () => {
    const bytes = request.encode({
      csr: "a request",
      validityDurationSeconds: 60,
      impersonatedIdentity: "",
      certSigner: "",
    });
    assert.throws(() => request.decode(bytes.subarray(0, 5)));
  });

  it("is immune to prototype pollution by a metadata key named __proto__", () => {
    const fields = Object.fromEntries([["__proto__", { stringValue: "spiffe://evil/ns/a/sa/b" }]]);
    const bytes = istio.v1.auth.IstioCertificateRequest.encode({ csr: "x", metadata: { fields } }).finish();
    assert.equal(request.decode(bytes).impersonatedIdentity, "");
    assert.equal(({} as Record<string, unknown>)["stringValue"], undefined);
  });

  it("reads a negative 64-bit duration as a number", () => {
    const bytes = istio.v1.auth.IstioCertificateRequest.encode({ csr: "x", validityDuration: -1 }).finish();
    assert.equal(request.decode(bytes).validityDurationSeconds, -1);
  });

  it("reads the requests of stock pilot-agent and ztunnel", () => {
    for (const [file, seconds, identity] of [
      ["pilot-agent-csr/rsa2048-default.json", 86_400, ""],
      ["pilot-agent-csr/p256.json", 86_400, ""],
      ["ztunnel-csr/shared.json", 3600, "spiffe://cluster.local/ns/demo/sa/frontend"],
    ] as const) {
      const recorded: { body_hex: string } = JSON.parse(readFileSync(new URL(file, fixtures), "utf8"));
      const decoded = request.decode(Buffer.from(recorded.body_hex, "hex"));
      assert.equal(decoded.validityDurationSeconds, seconds, file);
      assert.equal(decoded.impersonatedIdentity, identity, file);
      assert.equal(decoded.certSigner, "", file);
      assert.match(decoded.csr, /^-----BEGIN CERTIFICATE REQUEST-----\n/, file);
    }
  });

  it("keeps the order of the chain", () => {
    const certChain = ["leaf", "intermediate", "roots"];
    assert.deepEqual(response.decode(response.encode({ certChain })), { certChain });
  });
});

describe("StreamSecrets messages", () => {
  it("reads every state-of-the-world message that Envoy 1.40 sends", () => {
    const folder = new URL("envoy-1.40-sds/", fixtures);
    const files = readdirSync(folder).filter((file) => file.startsWith("sotw-"));
    assert.equal(files.length, 5);
    for (const file of files) {
      const message = streamSecrets.request.decode(readFileSync(new URL(file, folder)));
      assert.equal(message.typeUrl, secretTypeUrl, file);
      assert.deepEqual(message.resourceNames, [file.split("-")[1]], file);
      assert.equal(
        message.nodeId !== "",
        file.endsWith("-1.bin"),
        `${file}: the node comes first and only then`,
      );
      assert.equal(message.errorDetail !== undefined, file === "sotw-default-3.bin", file);
    }
  });

  it("decodes both kinds of encoded secrets to the same values", () => {
    const pem = (text: string) => Buffer.from(text);
    const resources: SdsSecret[] = [
      { kind: "tlsCertificate", name: "default", certificateChain: pem("chain"), privateKey: pem("key") },
      { kind: "validationContext", name: "ROOTCA", trustedCa: pem("roots") },
    ];
    const sent = { versionInfo: "v", nonce: "n", resources };
    assert.deepEqual(streamSecrets.response.decode(streamSecrets.response.encode(sent)), sent);
  });
});

describe("DeltaSecrets messages", () => {
  it("reads every delta message that Envoy 1.40 sends", () => {
    const folder = new URL("envoy-1.40-sds/", fixtures);
    const files = readdirSync(folder).filter((file) => file.startsWith("delta-"));
    assert.equal(files.length, 5);
    for (const file of files) {
      const message = deltaSecrets.request.decode(readFileSync(new URL(file, folder)));
      const isFirst = file.endsWith("-1.bin");
      assert.equal(message.typeUrl, secretTypeUrl, file);
      assert.deepEqual(message.subscribe, isFirst ? [file.split("-")[1]] : [], file);
      assert.deepEqual([message.unsubscribe, message.initialVersions.size], [[], 0], file);
      assert.equal(message.nodeId !== "", isFirst, `${file}: the node comes first and only then`);
      assert.equal(message.responseNonce === "", isFirst, file);
      assert.equal(message.errorDetail !== undefined, file === "delta-default-3.bin", file);
    }
  });

  it("carries versions of any name, and is immune to prototype pollution by one named __proto__", () => {
    const request = {
      nodeId: "n",
      typeUrl: secretTypeUrl,
      subscribe: ["a"],
      unsubscribe: ["b"],
      initialVersions: new Map([
        ["__proto__", "v1"],
        ["constructor", "v2"],
        ["", "v3"],
      ]),
      responseNonce: "7",
      errorDetail: { code: 13, message: "no" },
    };
    const decoded = deltaSecrets.request.decode(deltaSecrets.request.encode(request));
    assert.deepEqual(decoded, request);
    assert.equal(({} as Record<string, unknown>)["v1"], undefined);
  });

  it("carries resources with their versions, and the names of removed resources", () => {
    const secret: SdsSecret = { kind: "validationContext", name: "ROOTCA", trustedCa: Buffer.from("roots") };
    const sent: DeltaDiscoveryResponse = {
      systemVersionInfo: "v",
      nonce: "n",
      resources: [{ version: "r", secret }],
      removedResources: ["gone"],
    };
    assert.deepEqual(deltaSecrets.response.decode(deltaSecrets.response.encode(sent)), sent);
  });
});

describe("Status details", () => {
  it("carries the retry delay to the millisecond", () => {
    assert.equal(
      decodeRetryAfterMs(encodeStatusDetails({ code: 14, message: "later", retryAfterMs: 2500 })),
      2500,
    );
  });

  it("contains no retry delay if there is no retry information", () => {
    assert.equal(decodeRetryAfterMs(google.rpc.Status.encode({ code: 14 }).finish()), undefined);
  });
});
