import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { createTestAuthority, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { run } from "../config/loaded-config.fixture.ts";
import { namedFileProblems } from "./named-files.ts";

describe("namedFileProblems", () => {
  let directory: TemporaryDirectory;
  const file = async (name: string, text: string) => {
    await writeFile(directory.join(name), text, { mode: 0o600 });
    return directory.join(name);
  };
  const issuer = ["--token-issuer", "https://issuer.test"];
  const problems = (...argv: readonly string[]) => namedFileProblems(run(argv));
  const keySet = () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "a", alg: "ES256" }] });
  };

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  it("reports a key set that is missing, and one that contains no key, with the flag and the path", async () => {
    const missing = directory.join("missing.json");
    assert.deepEqual(await problems("--jwks", missing, ...issuer), [
      `--jwks: cannot read ${missing}: it does not exist (ENOENT); mount it, or correct --jwks`,
    ]);
    const empty = await file("empty.json", '{"keys": []}');
    assert.deepEqual(await problems("--jwks", empty, ...issuer), [
      `--jwks: ${empty}: the key set contains no usable key`,
    ]);
  });

  it("reports nothing if each file can be used", async () => {
    const { rootPem } = await createTestAuthority();
    const files = {
      "--jwks": await file("jwks.json", keySet()),
      "--kubernetes-ca-file": await file("ca.crt", rootPem),
      "--kubernetes-token-file": await file("token", "a.b.c\n"),
      "--key-passphrase-file": await file("passphrase", "secret\n"),
    };
    const flags = Object.entries(files).flat();
    assert.deepEqual(await problems(...flags, ...issuer, "--kubernetes-api", "https://api.test"), []);
  });

  it("reports every useless file of the API server and of the keys in one run", async () => {
    const passphrase = await file("passphrase", "secret\n");
    await chmod(passphrase, 0o644);
    const found = await problems(
      ...["--kubernetes-api", "https://api.test", "--kubernetes-ca-file", await file("ca.crt", "no PEM")],
      ...["--kubernetes-token-file", await file("token", "\n"), "--key-passphrase-file", passphrase],
    );
    assert.equal(found.length, 3);
    assert.match(found.join("\n"), /^--kubernetes-ca-file: .*ca\.crt: /m);
    assert.match(found.join("\n"), /^--kubernetes-token-file: .*expected a token, but it is empty$/m);
    assert.match(found.join("\n"), /^--key-passphrase-file: .* has mode 0644/m);
  });

  it("reports the files that the issuers of --token-issuers name", async () => {
    const jwks = directory.join("gone.json");
    const issuers = [{ issuer: "https://a.test", jwks, audiences: ["istio-ca"] }];
    const path = await file("issuers.yaml", JSON.stringify({ version: 1, issuers }));
    assert.deepEqual(await problems("--token-issuers", path), [
      `--token-issuers: jwks of https://a.test: cannot read ${jwks}: it does not exist (ENOENT); mount it, or correct --jwks`,
    ]);
  });

  it("does not expect the files that only a pod has", async () => {
    assert.deepEqual(await problems("--kubernetes-api", "https://api.test"), []);
  });
});
