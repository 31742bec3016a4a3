import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { privateContent } from "../../scripts/release/private-content.ts";

describe("What a release must not contain", () => {
  let release: TemporaryDirectory;

  beforeEach(async () => {
    release = await temporaryDirectory();
    await plant("dist/kasbah.mjs", 'const label = "-----BEGIN PRIVATE KEY-----";\n');
  });
  afterEach(() => release.remove());

  async function plant(path: string, content: string): Promise<void> {
    await mkdir(dirname(release.join(path)), { recursive: true });
    await writeFile(release.join(path), content);
  }

  const found = () => privateContent(release.path, ["/build/machine"]);

  it("is not the code that writes keys", () => {
    assert.deepEqual(found(), []);
  });

  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const jwt = [
    "eyJhbGciOiJFUzI1NiIsImtpZCI6Imsi",
    "eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQi",
    "c2lnbmF0dXJlLW9mLXRoZS1qd3Q",
  ];
  for (const [what, path, content, expected] of [
    ["a test", "dist/kasbah.test.mjs", "", "unexpected file"],
    ["a source", "src/main.ts", "", "unexpected file"],
    ["the types of the page", "console/api.d.ts", "", "unexpected file"],
    ["a hidden file", ".npmrc", "", "unexpected file"],
    ["a key in a file", "dist/ca-key.pem", privateKey, "unexpected file"],
    ["a key in code", "dist/kasbah-server.mjs", `const key = \`${privateKey}\``, "contains a private key"],
    ["a token", "generated/codes.json", JSON.stringify([jwt.join(".")]), "contains a token"],
    [
      "a source map",
      "dist/kasbah-agent.mjs",
      "//# sourceMappingURL=kasbah-agent.mjs.map",
      "names a source map",
    ],
    [
      "a path of the build",
      "bin/kasbah.js",
      'import "/build/machine/x"',
      "contains /build/machine, a path of this machine",
    ],
  ] as const)
    it(`includes ${what}`, async () => {
      await plant(path, content);
      assert.deepEqual(found(), [`${path}: ${expected}`]);
    });

  it("includes a link, which may lead out of the package", async () => {
    await symlink("/etc/hostname", release.join("LICENSE"));
    assert.deepEqual(found(), ["LICENSE: unexpected file"]);
  });
});
