import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { parseTrustDomain } from "@kasbah/pki";
import { rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { TokenIssuersError } from "../../../errors.ts";
import { tokenAlgorithms } from "../key-set.ts";
import { type IssuersFileNeeds, loadTokenIssuers } from "./file.ts";

describe("loadTokenIssuers", () => {
  let directory: TemporaryDirectory;
  let file: string;

  before(async () => {
    directory = await temporaryDirectory();
    file = directory.join("issuers.yaml");
  });
  after(() => directory.remove());

  async function load(...lines: string[]) {
    await writeFile(file, lines.join("\n"));
    return loadTokenIssuers(file);
  }

  /** The problems without the name of the file: `line 3: issuers.0.jwks …`. */
  async function problemsOf(...lines: string[]): Promise<readonly string[]> {
    const error = await rejectsWithCode(load(...lines), "TOKEN_ISSUERS_INVALID");
    assert.ok(error instanceof TokenIssuersError);
    for (const problem of error.problems) {
      assert.match(problem.slice(file.length), /^( line \d+)?: /);
      assert.ok(error.message.includes(problem));
    }
    return error.problems.map((problem) => problem.slice(file.length + 1));
  }

  const issuerWith = (...lines: string[]) => [
    "version: 1",
    "issuers:",
    "  - issuer: https://a.test",
    "    audiences: [istio-ca]",
    ...lines.map((line) => `    ${line}`),
  ];

  async function refused(lines: string[], ...expected: RegExp[]) {
    const problems = await problemsOf(...lines);
    for (const each of expected) assert.match(problems.join("\n"), each);
    assert.equal(problems.length, expected.length, problems.join("\n"));
  }

  it("reports every problem of the file with its line, in one run", async () => {
    await refused(
      [
        "version: 2",
        "issuers:",
        "  - issuer: ''",
        "    jwks: http://a.test/jwks",
        "    audiences: []",
        "    algorithms: [HS256]",
        "  - issuer: https://b.test",
        "    jwks: /keys.json",
        "    audience: istio-ca",
      ],
      /^line 1: version expected version: 1$/m,
      /^line 3: issuers\.0\.issuer /m,
      /^line 4: issuers\.0\.jwks expected an https URL/m,
      /^line 5: issuers\.0\.audiences /m,
      /^line 6: issuers\.0\.algorithms\.0 /m,
      /^line 7: issuers\.1\.audiences /m,
      /^line 7: issuers\.1 .*"audience"/m,
    );
  });

  it("rejects symmetric algorithms, none, and unknown names", async () => {
    for (const algorithm of [
      "HS256",
      "HS512",
      "none",
      "None",
      "''",
      "es256",
      "ES256K",
      "RS1",
      "dir",
      "null",
    ]) {
      const lines = issuerWith("jwks: /a.json", `algorithms: [ES256, ${algorithm}]`);
      await refused(lines, /^line 6: issuers\.0\.algorithms\.1 /);
    }
    await refused(issuerWith("jwks: /a.json", "algorithms: []"), /^line 6: issuers\.0\.algorithms /);
  });

  it("rejects URLs of key sets that are not HTTPS", async () => {
    for (const url of ["http://a.test/", "ftp://a.test/", "file:///a.json", "https://", "x://a"]) {
      await refused(issuerWith(`jwks: "${url}"`), /^line 5: issuers\.0\.jwks expected an https URL/);
    }
    await refused(issuerWith("jwks: ''"), /^line 5: issuers\.0\.jwks /);
  });

  it("rejects credentials in a URL, and does not quote them", async () => {
    for (const url of ["https://user:secret@a.test/", "https://secret@a.test/", "https://:secret@a.test/"]) {
      const problems = await problemsOf(...issuerWith(`jwks: ${url}`));
      assert.match(problems.join(), /^line 5: issuers\.0\.jwks contains credentials; use tokenFile$/);
      assert.doesNotMatch(problems.join(), /secret/);
    }
  });

  it("rejects an issuer that is listed twice, because the second entry would never be used", async () => {
    const lines = issuerWith("jwks: /a.json", "", "", "");
    const again = ["  - issuer: https://a.test", "    jwks: /b.json", "    audiences: [b]"];
    await refused([...lines, ...again], /^line 9: issuers\.1\.issuer is listed twice$/);
  });

  it("rejects CA certificates or a token for a key set in a file", async () => {
    for (const name of ["caFile", "tokenFile"]) {
      await refused(
        issuerWith("jwks: /a.json", `${name}: /x`),
        /^line 5: issuers\.0\.jwks is a file, which needs no/,
      );
    }
  });

  it("rejects scopes that are no lists of names or prefixes, as in a policy", async () => {
    const wrong = ["namespaces: []", "namespaces: payments", "namespaces: ['*-dev']", "namespaces: [pay.*]"];
    for (const line of [
      ...wrong,
      "serviceAccounts: [A]",
      "trustDomains: []",
      "trustDomains: [Cluster.Local]",
    ]) {
      await refused(
        issuerWith("jwks: /a.json", line),
        /^line 6: issuers\.0\.(namespaces|serviceAccounts|trustDomains)/,
      );
    }
    for (const typo of ["namespace: [a]", "scope: {}", "trustDomain: [a]"]) {
      await refused(issuerWith("jwks: /a.json", typo), /^line 3: issuers\.0 .*Unrecognized key/);
    }
  });

  it("rejects a proxy with credentials without quoting them, and one for a file", async () => {
    const problems = await problemsOf(...issuerWith("proxy: http://user:secret@proxy.test"));
    assert.match(
      problems.join(),
      /^line 5: issuers\.0\.proxy contains credentials; set them in the environment/,
    );
    assert.doesNotMatch(problems.join(), /secret/);
    await refused(
      issuerWith("jwks: /a.json", "proxy: env"),
      /^line 5: issuers\.0\.jwks is a file, which needs no/,
    );
    await refused(
      issuerWith("proxy: proxy.test:3128"),
      /^line 5: issuers\.0\.proxy expected none, env, or a URL/,
    );
  });

  it("rejects an issuer without a key set unless its keys can be discovered", async () => {
    for (const issuer of [
      "kubernetes/serviceaccount",
      "http://a.test",
      "https://A.test",
      "https://a.test?x",
    ]) {
      const lines = ["version: 1", "issuers:", `  - issuer: "${issuer}"`, "    audiences: [a]"];
      await refused(
        lines,
        /^line 3: issuers\.0\.jwks is required, because the issuer is not a plain https URL/,
      );
    }
  });

  it("returns the scope, the proxy and the place of discovery of an issuer", async () => {
    const scope = [
      "namespaces: [dev-*, tools]",
      "trustDomains: [cluster.local, b.test]",
      "proxy: http://proxy.test:3128",
    ];
    const [issuer, ...none] = await load(...issuerWith(...scope));
    assert.deepEqual(none, []);
    assert.deepEqual(issuer, {
      issuer: "https://a.test",
      keys: { kind: "discovery", url: new URL("https://a.test/.well-known/openid-configuration") },
      audiences: ["istio-ca"],
      algorithms: [...tokenAlgorithms],
      ...{ caFile: undefined, tokenFile: undefined },
      proxy: { kind: "url", url: new URL("http://proxy.test:3128") },
      scope: {
        namespaces: [{ startsWith: "dev-" }, { exactly: "tools" }],
        serviceAccounts: [{ startsWith: "" }],
      },
      trustDomains: ["cluster.local", "b.test"],
    });
  });

  it("rejects a scope for the issuer of the flag, which it could not limit, and a file for other trust domains", async () => {
    const needs = {
      trustDomain: parseTrustDomain("cluster.local"),
      needsIssuer: true,
      issuerOfFlag: "https://a.test",
    };
    const problemFor = async (lines: string[], overrides: Partial<IssuersFileNeeds> = {}) => {
      await writeFile(file, lines.join("\n"));
      const loading = loadTokenIssuers(file, { ...needs, ...overrides });
      return (await rejectsWithCode(loading, "TOKEN_ISSUERS_INVALID")).message;
    };
    for (const line of ["namespaces: [a]", "serviceAccounts: [a]", "trustDomains: [cluster.local]"]) {
      assert.match(
        await problemFor(issuerWith(line)),
        /the scope of https:\/\/a\.test has no effect beside --token-issuer/,
      );
    }
    await writeFile(file, issuerWith("jwks: /a.json").join("\n"));
    assert.equal((await loadTokenIssuers(file, needs)).length, 1);
    const elsewhere = issuerWith("trustDomains: [other.test]");
    assert.match(
      await problemFor(elsewhere, { issuerOfFlag: undefined }),
      /no issuer is for the trust domain cluster\.local/,
    );
    const none = ["version: 1", "issuers: []"];
    assert.match(await problemFor(none), /issuers is empty, and the CA has no other way/);
    await writeFile(file, none.join("\n"));
    assert.deepEqual(await loadTokenIssuers(file, { ...needs, needsIssuer: false }), []);
  });

  it("rejects an empty file, a file without a list of issuers, and more than a hundred issuers", async () => {
    await refused([""], /expected object/);
    await refused(["version: 1"], /^line 1: issuers /);
    const many = Array.from({ length: 101 }, (_, at) => `  - {issuer: "${at}", jwks: /a, audiences: [a]}`);
    await refused(["version: 1", "issuers:", ...many], /^line 3: issuers /);
    assert.equal((await load("version: 1", "issuers:", ...many.slice(1))).length, 100);
  });

  it("rejects later versions and unknown fields", async () => {
    await refused(
      ["version: 1", "issuers: [{issuer: a, jwks: /a, audiences: [a]}]", "extra: 1"],
      /^line 1: .*"extra"/,
    );
    await refused(issuerWith("jwks: /a.json", "algorithm: ES256"), /^line 3: issuers\.0 .*"algorithm"/);
  });

  it("reports a missing file, with the reason as the cause", async () => {
    const error = await rejectsWithCode(loadTokenIssuers(directory.join("missing")), "TOKEN_ISSUERS_INVALID");
    assert.match(error.message, /cannot read .*missing: it does not exist \(ENOENT\)/);
    assert.match(String(error.cause), /ENOENT/);
    await rejectsWithCode(loadTokenIssuers(directory.path), "TOKEN_ISSUERS_INVALID");
  });

  it("returns each issuer with its keys, audiences and algorithms, which default to all supported ones", async () => {
    const open = { proxy: undefined, scope: undefined, trustDomains: undefined };
    const [remote, local] = await load(
      "version: 1",
      "issuers:",
      "  - issuer: https://a.test",
      "    jwks: https://a.test/openid/v1/jwks",
      "    audiences: [istio-ca, kasbah]",
      "    algorithms: [RS256, ES256]",
      "    caFile: /ca.pem",
      "    tokenFile: /token",
      "  - issuer: vm-issuer",
      "    jwks: /keys.json",
      "    audiences: [mesh]",
    );
    assert.deepEqual(remote, {
      issuer: "https://a.test",
      keys: { kind: "https", url: new URL("https://a.test/openid/v1/jwks") },
      audiences: ["istio-ca", "kasbah"],
      algorithms: ["RS256", "ES256"],
      caFile: "/ca.pem",
      tokenFile: "/token",
      ...open,
    });
    assert.deepEqual(local, {
      issuer: "vm-issuer",
      keys: { kind: "file", path: "/keys.json" },
      audiences: ["mesh"],
      algorithms: [...tokenAlgorithms],
      caFile: undefined,
      tokenFile: undefined,
      ...open,
    });
  });
});
