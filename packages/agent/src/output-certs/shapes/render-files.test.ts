import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { TrustBundle } from "@kasbah/pki";
import { ConfigInvalidError } from "@kasbah/runtime";
import { createTestAuthority, mintSecret, temporaryDirectory } from "@kasbah/testkit";
import { type LayoutOptions, outputLayout } from "../../config/output/layout.ts";
import type { WorkloadSecret } from "../../secret/secret-store.ts";
import { renderFiles } from "./render-files.ts";
import { createStoreWriter } from "./store-writer.ts";

const receivedAt = new Date("2030-01-01T00:00:00Z");
const byDefault: LayoutOptions = {
  outputFormats: [["pem"]],
  outputNames: [],
  outputCertsMode: 0o640,
  outputPublicMode: 0o644,
};

describe("renderFiles", () => {
  let secret: WorkloadSecret;

  before(async () => {
    const root = await createTestAuthority();
    const authority = await root.issueIntermediate("Intermediate");
    secret = {
      ...(await mintSecret({ authority, receivedAt, ttlMs: 3_600_000 })),
      intermediates: [authority.certificate],
      bundle: TrustBundle.from([root.certificate]),
    };
  });

  it("renders the key, the chain without the root and the trust bundle if no format is configured", () => {
    assert.deepEqual(renderFiles(secret, outputLayout(byDefault)), [
      { name: "key.pem", bytes: secret.keyPair.toPem(secret.keyFormat), mode: 0o640 },
      { name: "cert-chain.pem", bytes: chainOf(secret), mode: 0o644 },
      { name: "root-cert.pem", bytes: secret.bundle.toPem(), mode: 0o644 },
    ]);
  });

  it("renders one PEM with key and chain, in the key format that is configured", () => {
    const layout = outputLayout({ ...byDefault, outputFormats: [["combined"]] });
    const [combined, roots] = renderFiles(secret, layout);
    assert.equal(combined?.bytes, secret.keyPair.toPem("traditional") + chainOf(secret));
    assert.equal(roots?.name, "root-cert.pem");
    const [pkcs8] = renderFiles({ ...secret, keyFormat: "pkcs8" }, layout);
    assert.match(String(pkcs8?.bytes), /^-----BEGIN PRIVATE KEY-----/);
  });

  it("renders a credential bundle with a PKCS#8 key first, and names the trust bundle after its domain", () => {
    const layout = outputLayout({ ...byDefault, outputFormats: [["credential-bundle"]] });
    const [bundle, roots] = renderFiles(secret, layout);
    const blocks = [...String(bundle?.bytes).matchAll(/-----BEGIN (.+)-----/g)].map(([, label]) => label);
    assert.deepEqual(blocks, ["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"]);
    const leaf = new X509Certificate(String(bundle?.bytes));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(String(bundle?.bytes))));
    assert.equal(bundle?.name, "credential-bundle.private-key.pem");
    assert.equal(roots?.name, "cluster.local.spiffe-trust-bundle.pem");
    assert.equal(roots?.bytes, secret.bundle.toPem());
  });

  it("renders the same bytes for one secret twice, in every format and after a restart", async () => {
    const all = outputLayout({
      ...byDefault,
      outputFormats: [["pem", "combined", "pkcs12", "credential-bundle"]],
    });
    const render = async () => renderFiles(secret, all, await createStoreWriter(undefined));
    assert.deepEqual(await render(), await render());
    assert.equal((await render()).length, 8);
  });

  it("uses the password of a file without its final newline, and refuses one that Java encodes differently", async () => {
    await using directory = await temporaryDirectory();
    const path = directory.join("password");
    const layout = outputLayout({ ...byDefault, outputFormats: [["pkcs12"]] });
    const render = async (text: string) => {
      await writeFile(path, text);
      return renderFiles(secret, layout, await createStoreWriter(path));
    };
    assert.deepEqual(await render("secret word\n"), await render("secret word"));
    assert.deepEqual(
      await render("changeit\r\n"),
      renderFiles(secret, layout, await createStoreWriter(undefined)),
    );
    for (const text of ["", "\n", "two\nlines", "pässwort", "x".repeat(257), "x".repeat(5000)]) {
      await assert.rejects(render(text), ConfigInvalidError, text.slice(0, 20));
    }
    await assert.rejects(createStoreWriter(directory.join("missing")), /cannot read .*missing \(ENOENT\)/);
  });
});

function chainOf({ leaf, intermediates }: WorkloadSecret): string {
  return [leaf, ...intermediates].map((one) => one.toPem()).join("");
}
