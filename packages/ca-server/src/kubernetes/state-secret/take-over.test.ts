import assert from "node:assert/strict";
import { inspect } from "node:util";
import { parseTrustDomain } from "@kasbah/pki";
import {
  createTestAuthority,
  FakeClock,
  recordingLogger,
  rejectsWithCode,
  type TestAuthority,
} from "@kasbah/testkit";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import { findTakeOver } from "./take-over.ts";

describe("Take-over of a Secret", () => {
  const takeOver = (reply: Partial<HttpsReply>) =>
    findTakeOver({
      client: { get: async () => ({ status: 200, body: "{}", retryAfterMs: undefined, ...reply }) },
      ...{ namespace: "istio-system", names: ["cacerts"], passphrase: undefined },
      trustDomain: parseTrustDomain("cluster.local"),
      ...{ clock: new FakeClock("2030-01-01T00:00:00Z"), logger: recordingLogger() },
    });

  const key = "TUlHSEFnRUFN";
  const troubles: Record<string, Partial<HttpsReply>> = {
    "is refused by the API server": { status: 403, body: key },
    "is truncated in the middle of a key": { body: `{"data":{"ca-key.pem":"${key}` },
    "is not a Secret": { body: JSON.stringify({ metadata: {}, data: [key] }) },
    "contains a certificate that cannot be read": {
      body: JSON.stringify({
        metadata: { name: "cacerts", namespace: "istio-system" },
        data: { "ca-key.pem": key, "ca-cert.pem": key },
      }),
    },
  };
  for (const [what, reply] of Object.entries(troubles)) {
    it(`stops the CA without quoting the Secret if it ${what}`, async () => {
      const refusal = await rejectsWithCode(takeOver(reply), "PLUGGED_IN_REJECTED");
      assert.match(String(refusal), /istio-system\/cacerts/);
      assert.doesNotMatch(inspect(refusal, { depth: 9 }), new RegExp(key));
    });
  }

  it("stops the CA if no named Secret exists, and says what to correct", async () => {
    const { message } = await rejectsWithCode(takeOver({ status: 404 }), "PLUGGED_IN_INCOMPLETE");
    assert.match(message, /istio-system has no Secret cacerts: correct the name or --namespace/);
  });

  describe("in either layout", () => {
    let root: TestAuthority;
    let signer: TestAuthority;

    before(async () => {
      root = await createTestAuthority("Company");
      signer = await root.issueIntermediate("Mesh");
    });

    const secretOf = (files: Readonly<Record<string, string>>) => {
      const data = Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString("base64")]);
      return {
        body: JSON.stringify({
          metadata: { name: "cacerts", namespace: "istio-system" },
          data: Object.fromEntries(data),
        }),
      };
    };
    const refusal = async (files: Readonly<Record<string, string>>) =>
      (await rejectsWithCode(takeOver(secretOf(files)), "PLUGGED_IN_INCOMPLETE")).message;

    it("refuses an intermediate without a root file, and names the missing root and where to add it", async () => {
      const [cert, key] = [signer.certificate.toPem(), signer.keyPair.toPkcs8Pem()];
      const istio = await refusal({ "ca-cert.pem": cert, "ca-key.pem": key, "cert-chain.pem": cert });
      assert.match(
        istio,
        /does not contain root-cert\.pem, .* expected the root O=Company, .* add it as root-cert\.pem/,
      );
      assert.match(
        await refusal({ "tls.crt": cert, "tls.key": key }),
        /does not contain ca\.crt, .* root O=Company/,
      );
    });

    it("refuses a Secret without the key or the certificate, and lists what it contains", async () => {
      const cert = signer.certificate.toPem();
      assert.match(
        await refusal({ "tls.crt": cert, "ca.crt": root.rootPem }),
        /tls\.key, only ca\.crt, tls\.crt:/,
      );
      assert.match(await refusal({ "ca-cert.pem": cert }), /does not contain ca-key\.pem, only ca-cert\.pem/);
      assert.match(
        await refusal({ password: "x" }),
        /ca-cert\.pem and ca-key\.pem, only password: a CA consists of/,
      );
      assert.match(await refusal({}), /only nothing/);
    });

    it("takes over the layout of a TLS Secret, with the intermediates after the signer", async () => {
      const set = await takeOver(
        secretOf({
          "tls.crt": signer.certificate.toPem(),
          "tls.key": signer.keyPair.toPkcs8Pem(),
          "ca.crt": root.rootPem,
        }),
      );
      assert.equal(set?.root.toPem(), root.rootPem);
      assert.ok(set.signer.certificate.equals(signer.certificate));
    });

    it("takes over a self-signed root in either layout without a root file", async () => {
      const key = root.keyPair.toPkcs8Pem();
      for (const files of [
        { "ca-cert.pem": root.rootPem, "ca-key.pem": key },
        { "tls.crt": root.rootPem, "tls.key": key },
      ]) {
        const set = await takeOver(secretOf(files));
        assert.equal(set?.root.toPem(), root.rootPem);
      }
    });

    it("finds the root in the chain if the root file is missing", async () => {
      const set = await takeOver(
        secretOf({
          "ca-cert.pem": signer.certificate.toPem(),
          "ca-key.pem": signer.keyPair.toPkcs8Pem(),
          "cert-chain.pem": signer.certificate.toPem() + root.rootPem,
        }),
      );
      assert.equal(set?.root.toPem(), root.rootPem);
      assert.deepEqual(set.intermediates, []);
    });
  });
});
