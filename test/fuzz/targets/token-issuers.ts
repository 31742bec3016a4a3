import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadTokenIssuers } from "../../../packages/ca-server/src/authn/jwks/issuers/file.ts";
import { TokenIssuersError } from "../../../packages/ca-server/src/errors.ts";
import { yamlMutants } from "../mutants.ts";
import { bytesOf, fileBudgetMs, type Target } from "../target.ts";
import { checkProblems } from "./yaml-problems.ts";

const yaml = `version: 1
issuers:
  - issuer: https://issuer.test
    jwks: https://issuer.test/keys
    audiences: [istio-ca]
    algorithms: [ES256]
    caFile: /etc/ca.pem
    tokenFile: /etc/token
    namespaces: [dev-*, tools]
    serviceAccounts: ["*"]
    trustDomains: [cluster.local, example.org]
    proxy: http://proxy.test:3128
  - { issuer: "https://found.test/path", audiences: [a], proxy: env }
  - { issuer: "other", jwks: keys.json, audiences: [a, b] }
`;
const json = { version: 1, issuers: [{ issuer: "i", jwks: "https://a.test/b", audiences: ["c"] }] };
const valid = [yaml, JSON.stringify(json)].map(bytesOf);

export const tokenIssuers: Target = {
  name: "token-issuers",
  valid,
  inputs: yamlMutants(valid),
  budgetMs: fileBudgetMs,
  async check(text) {
    try {
      const issuers = await load(text);
      assert.equal(new Set(issuers.map(({ issuer }) => issuer)).size, issuers.length);
      for (const { audiences, algorithms, keys } of issuers) {
        assert.ok(audiences.length > 0 && algorithms.length > 0);
        assert.ok(keys.kind === "file" || (keys.url.protocol === "https:" && keys.url.password === ""));
      }
      return "accepted";
    } catch (error) {
      if (!(error instanceof TokenIssuersError)) throw error;
      checkProblems(error.problems);
      return "refused";
    }
  },
};

async function load(text: Uint8Array) {
  const folder = mkdtempSync(join(tmpdir(), "kasbah-fuzz-"));
  try {
    const path = join(folder, "issuers.yaml");
    writeFileSync(path, text);
    return await loadTokenIssuers(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
