import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { loadConfig, readYamlDocument } from "@kasbah/runtime/yaml";
import { z } from "zod";
import { serverCommand, serverOptions } from "../../../packages/ca-server/src/config/config.ts";
import { readConfigFile } from "../../../packages/runtime/src/config/config-file.ts";
import { yamlMutants } from "../mutants.ts";
import { bytesOf, fileBudgetMs, type Target, textOf } from "../target.ts";
import { checkProblems } from "./yaml-problems.ts";

const yaml = `# as docs/ca-reference.md has it
trust-domain: cluster.local
jwks: /etc/jwks.json
token-issuer: https://issuer.test
token-audience: [istio-ca, other]
default-ttl: 24h
max-ttl: "24h"
allow-address:
  - 127.0.0.0/8
log-level: debug
`;
const json = { jwks: "https://a.test/keys", "token-issuer": "i", "log-format": "json" };
const valid = [yaml, JSON.stringify(json)].map(bytesOf);

const values = z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]));
const options = serverOptions({ isRoot: false, env: {} });
const command = serverCommand("1.2.3");

/** Any document parsed with a schema. */
export const yamlDocument: Target = {
  name: "yaml-document",
  valid,
  inputs: yamlMutants(valid),
  budgetMs: fileBudgetMs,
  check(text) {
    const outcome = readYamlDocument("some.yaml", textOf(text), values);
    if (outcome.ok) {
      assert.ok(Object.values(outcome.value).every((value) => value !== null));
      return "accepted";
    }
    checkProblems(outcome.problems);
    return "refused";
  },
};

/** The CA's configuration file. */
export const configFile: Target = {
  name: "config-file",
  valid,
  inputs: yamlMutants(valid),
  budgetMs: fileBudgetMs,
  check(text) {
    const readFile = () => textOf(text);
    // Also called directly, because `loadConfig` reports any exception as an unreadable file.
    readConfigFile("c.yaml", readFile(), Object.values(options));
    try {
      loadConfig(command, options, { argv: ["--config", "c.yaml"], env: {}, readFile });
      return "accepted";
    } catch (error) {
      if (!(error instanceof ConfigInvalidError)) throw error;
      // The caller that prints the problems escapes them.
      assert.ok(error.problems.length > 0, "the refusal lists no problem");
      return "refused";
    }
  },
};
