import "reflect-metadata";

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { Crypto } from "@peculiar/webcrypto";
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from "@peculiar/x509";
import { createKeyPair } from "../keys/key.ts";
import { keyTypeNames } from "../keys/key-types.ts";
import { parseSpiffeId } from "../names/spiffe-id.ts";
import { parseCertificateRequest } from "./csr.ts";
import { createCertificateRequest } from "./csr-writer.ts";

const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");

describe("createCertificateRequest", () => {
  for (const type of keyTypeNames) {
    it(`writes a CSR with a ${type} key that OpenSSL, @peculiar/x509 and our parser read in the same way`, async () => {
      const keyPair = await createKeyPair(type);
      const pem = createCertificateRequest(keyPair, spiffeId);

      const ours = parseCertificateRequest(pem);
      assert.ok(ours.publicKey.equals(keyPair.publicKey));
      assert.deepEqual(ours.requestedUris, [spiffeId.toString()]);
      assert.deepEqual(ours.ignored, []);

      const text = execFileSync("openssl", ["req", "-verify", "-text", "-noout"], {
        input: pem,
        stdio: "pipe",
      }).toString();
      assert.match(
        text,
        /X509v3 Subject Alternative Name: critical\s+URI:spiffe:\/\/cluster\.local\/ns\/demo\/sa\/frontend\n/,
      );
      assert.match(text, /Subject: \n/);

      const theirs = new Pkcs10CertificateRequest(pem);
      assert.equal(await theirs.verify(new Crypto()), true);
      assert.equal(theirs.subject, "");
      const [names, ...others] = theirs.extensions;
      assert.ok(names instanceof SubjectAlternativeNameExtension && names.critical && others.length === 0);
      assert.deepEqual(names.names.toJSON(), [{ type: "url", value: spiffeId.toString() }]);
    });
  }

  it("writes a CSR for the longest SPIFFE ID", async () => {
    const longest = parseSpiffeId(`spiffe://td/${"a".repeat(2036)}`);
    const request = parseCertificateRequest(createCertificateRequest(await createKeyPair("P-256"), longest));
    assert.deepEqual(request.requestedUris, [longest.toString()]);
  });
});
