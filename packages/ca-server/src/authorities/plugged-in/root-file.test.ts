import assert from "node:assert/strict";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { createOddCertificate, type OddOrder, rejectsWithCode } from "@kasbah/testkit";
import { OpensslHome } from "./openssl-home.fixture.ts";

describe("Root file of a plugged-in CA", () => {
  let home: OpensslHome;

  before(async () => {
    home = await OpensslHome.create();
  });
  after(() => home.remove());
  beforeEach(() => home.plugIn("good", "root"));

  const odd = (order: Partial<OddOrder>) => createOddCertificate({ commonName: "odd", ...order });
  const roots: Readonly<Record<string, readonly [Partial<OddOrder>, boolean]>> = {
    "a serial of 0": [{ serial: Uint8Array.of(0) }, true],
    "a negative serial": [{ serial: Uint8Array.of(0xff) }, false],
    "a P-521 key": [{ key: "P-521" }, true],
    "an Ed25519 key": [{ key: "ed25519" }, true],
    "an ML-DSA key": [{ key: "ml-dsa-44" }, false],
    "version 1": [{ version: 1 }, true],
    "an RSA key of 1024 bits": [{ key: "rsa-1024" }, false],
  };
  for (const [what, [order, isTrusted]] of Object.entries(roots)) {
    it(`does not disable the CA with a root beside its own that has ${what}, which is ${isTrusted ? "trusted" : "skipped"}`, async () => {
      const own = await readFile(home.at("root-cert.pem"), "utf8");
      for (const text of [own + odd(order).pem, odd(order).pem + own]) {
        await writeFile(home.at("root-cert.pem"), text);
        const set = await home.loadWhole();
        assert.equal(set.roots.roots.length, isTrusted ? 2 : 1);
        assert.equal(set.skipped.length, isTrusted ? 0 : 1);
        assert.equal(set.root.toPem(), own);
      }
    });
  }

  it("is read with spaces at line ends, empty lines, older labels and comments, in every file of the set", async () => {
    for (const file of ["root-cert.pem", "cert-chain.pem", "ca-cert.pem", "ca-key.pem"]) {
      const text = await readFile(home.at(file), "utf8");
      const spaced = text.replaceAll("\n", " \t\r\n").replaceAll(/(BEGIN [A-Z ]+-----)/g, "$1\n\n");
      const labeled = spaced.replaceAll("N CERTIFICATE", "N X509 CERTIFICATE");
      await writeFile(
        home.at(file),
        `# made by hand\n${labeled.replaceAll("END CERT", "END X509 CERT")}`.trimEnd(),
      );
    }
    const set = await home.loadWhole();
    assert.deepEqual([set.skipped.length, set.roots.roots.length], [0, 1]);
  });

  it("is refused if the CA's own chain would end at a root that is only trusted, and the reason names the root", async () => {
    const root = odd({ key: "P-521", commonName: "corporate" });
    await writeFile(home.path("corporate.pem"), root.pem);
    await writeFile(home.path("corporate.key"), root.key.export({ format: "pem", type: "pkcs8" }));
    await home.createIntermediate("below", "corporate", { more: ["-sha512"] });
    await home.plugIn("below", "corporate", "root");
    const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
    assert.match(
      message,
      /root-cert\.pem \(CN=corporate\) may be trusted, but .*chain cannot end there: unsupported/,
    );
  });

  it("is refused with the reason for each skipped root if the signer's root may be among them", async () => {
    const root = odd({ commonName: "no CA", isCa: false });
    await writeFile(home.path("noca.pem"), root.pem);
    await writeFile(home.path("noca.key"), root.key.export({ format: "pem", type: "pkcs8" }));
    await home.createIntermediate("under", "noca");
    await home.plugIn("under", "noca", "root");
    const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
    assert.match(message, /In root-cert\.pem, 1 of the blocks cannot be used: block 1 .*is not a CA/);
  });

  it("is refused if the signer encodes its issuer's name as another string type, which Go and Rust reject", async () => {
    const printable = odd({ commonName: "Corporate", nameTag: 0x13 });
    const renamed = { ...printable, subject: odd({ commonName: "Corporate" }).subject };
    const signer = odd({ commonName: "signer", issuer: renamed });
    await home.plugIn("good", "root");
    await writeFile(home.at("ca-cert.pem"), signer.pem);
    await writeFile(home.at("cert-chain.pem"), "");
    await writeFile(home.at("ca-key.pem"), signer.key.export({ format: "pem", type: "pkcs8" }));
    await appendFile(home.at("root-cert.pem"), printable.pem);
    const { message } = await rejectsWithCode(home.load(), "PLUGGED_IN_REJECTED");
    assert.match(
      message,
      /ca-cert\.pem \(CN=signer\) names root-cert\.pem .* other bytes \(another string type, .* Go compares bytes/,
    );
    assert.doesNotMatch(message, /missing/);
  });
});
