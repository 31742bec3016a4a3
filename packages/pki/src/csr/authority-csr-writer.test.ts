import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createKeyPair } from "../keys/key.ts";
import { createAuthorityRequest } from "./authority-csr-writer.ts";

describe("createAuthorityRequest", () => {
  for (const type of ["P-256", "P-384", "RSA-3072"] as const) {
    it(`writes a CSR with a ${type} key that OpenSSL verifies, for a CA of path length 0`, async () => {
      const subject = { organization: "cluster.local", commonName: "kasbah request-1" };
      const input = createAuthorityRequest(await createKeyPair(type), subject);
      const flags = ["req", "-noout", "-verify", "-text"];
      const shown = execFileSync("openssl", flags, { input, encoding: "utf8", stdio: "pipe" });
      assert.match(shown, /Subject: O ?= ?cluster\.local, CN ?= ?kasbah request-1\n/);
      assert.match(shown, /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
      assert.match(shown, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
    });
  }
});
