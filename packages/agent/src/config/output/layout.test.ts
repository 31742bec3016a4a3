import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { command } from "../command.ts";
import { options } from "../options.ts";
import { outputLayout } from "./layout.ts";

const load = (argv: readonly string[], env: Record<string, string> = {}, file = "") => {
  const given = file === "" ? argv : ["--config", "agent.yaml", ...argv];
  const outcome = loadConfig(command, options, { argv: given, env, readFile: () => file });
  assert.ok(outcome.kind === "run");
  return outcome.config;
};
const out = ["--output-certs", "/run/certs"];
const filesOf = (argv: readonly string[], env: Record<string, string> = {}) =>
  outputLayout(load([...out, ...argv], env)).map(({ part, name, mode }) => [part, name, mode.toString(8)]);

function refuses(argv: readonly string[], reason: RegExp) {
  assert.throws(
    () => load(argv),
    (error) => error instanceof ConfigInvalidError && reason.test(error.message),
    argv.join(" "),
  );
}

describe("The layout of the output files", () => {
  it("is Istio's three files if no format is configured", () => {
    assert.deepEqual(filesOf([]), [
      ["key", "key.pem", "600"],
      ["cert-chain", "cert-chain.pem", "644"],
      ["root-cert", "root-cert.pem", "644"],
    ]);
  });

  it("writes each part once if several formats contain it", () => {
    const expected = ["key.pem", "cert-chain.pem", "root-cert.pem", "combined.pem"];
    for (const argv of [
      ["--output-format", "pem,combined"],
      ["--output-format", "pem", "--output-format", "combined"],
    ]) {
      assert.deepEqual(
        filesOf(argv).map(([, name]) => name),
        expected,
      );
    }
    const fromEnv = filesOf([], { KASBAH_OUTPUT_FORMAT: "pem, combined" });
    assert.deepEqual(
      fromEnv.map(([, name]) => name),
      expected,
    );
  });

  it("gives every file with the key the private mode and every other file the public one", () => {
    const argv = ["--output-format", "pem,combined,pkcs12,credential-bundle"];
    const modes = ["--output-certs-mode", "0640", "--output-public-mode", "0444"];
    assert.deepEqual(filesOf([...argv, ...modes]), [
      ["key", "key.pem", "640"],
      ["cert-chain", "cert-chain.pem", "444"],
      ["root-cert", "root-cert.pem", "444"],
      ["combined", "combined.pem", "640"],
      ["pkcs12", "keystore.p12", "640"],
      ["truststore", "truststore.p12", "444"],
      ["credential-bundle", "credential-bundle.private-key.pem", "640"],
      ["trust-bundle", "{trust-domain}.spiffe-trust-bundle.pem", "444"],
    ]);
  });

  it("takes the names of a Kubernetes TLS secret, and HAProxy's pair, from flags, environment and file", () => {
    const names = ["cert-chain=tls.crt", "key=tls.key", "root-cert=ca.crt"];
    const expected = [
      ["key", "tls.key", "600"],
      ["cert-chain", "tls.crt", "644"],
      ["root-cert", "ca.crt", "644"],
    ];
    assert.deepEqual(filesOf(names.flatMap((name) => ["--output-name", name])), expected);
    assert.deepEqual(filesOf([], { KASBAH_OUTPUT_NAMES: names.join(",") }), expected);
    const yaml = `output-certs: /run/certs\noutput-name: [${names.join(", ")}]\n`;
    assert.deepEqual(
      outputLayout(load([], {}, yaml)).map(({ name }) => name),
      ["tls.key", "tls.crt", "ca.crt"],
    );
    const pair = filesOf(["--output-name", "cert-chain=site.pem", "--output-name", "key=site.pem.key"]);
    assert.deepEqual(pair[0], ["key", "site.pem.key", "600"]);
  });

  it("refuses a name that is a path, that could be the agent's own or that a file system refuses", () => {
    for (const name of ["", ".", "..", "..data", "..kasbah-1", "a/b", "/tls.key", "a\\b", "a b", "é"]) {
      refuses([...out, "--output-name", `key=${name}`], /--output-name/);
    }
    refuses([...out, "--output-name", `key=${"a".repeat(201)}`], /at most 200/);
    refuses([...out, "--output-name", "..data"], /expected PART=FILE, where PART is key, /);
    refuses([...out, "--output-name", "toString=x"], /expected PART=FILE/);
  });

  it("refuses two files of one name, even if only the trust domain makes them equal", () => {
    refuses([...out, "--output-name", "key=root-cert.pem"], /two files would have the name root-cert\.pem/);
    const same = ["--output-name", "key={trust-domain}.pem", "--output-name", "root-cert=cluster.local.pem"];
    refuses([...out, ...same], /two files would have the name cluster\.local\.pem/);
    refuses([...out, "--output-name", "key=a", "--output-name", "key=b"], /key has two names/);
  });

  it("refuses a name or a password for a file that is not written, and names the format that writes it", () => {
    refuses([...out, "--output-name", "pkcs12=x.p12"], /pkcs12 is not written; add --output-format pkcs12/);
    refuses([...out, "--pkcs12-password-file", "/x"], /requires --output-format pkcs12/);
    refuses(["--output-format", "pkcs12"], /--output-format: requires --output-certs/);
    refuses(["--output-name", "key=tls.key"], /--output-name: requires --output-certs/);
    refuses([...out, "--output-format", "jks"], /expected pem, combined, pkcs12 or credential-bundle/);
  });

  it("refuses a public mode in which others can write, and other names where --prov-cert is renewed in place", () => {
    refuses([...out, "--output-public-mode", "0666"], /only the owner can write/);
    const inPlace = [...out, "--prov-cert", "/run/certs"];
    refuses([...inPlace, "--output-name", "key=tls.key"], /keep the format pem with these names/);
    refuses([...inPlace, "--output-format", "pkcs12"], /keep the format pem with these names/);
    assert.equal(load([...inPlace, "--output-format", "pem,pkcs12"]).outputFormats.length, 1);
  });
});
