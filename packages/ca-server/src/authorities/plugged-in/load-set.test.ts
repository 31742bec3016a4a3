import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { rejectsWithCode } from "@kasbah/testkit";
import { digestPluggedInFiles } from "./files.ts";
import { caExtensions, dayMs, middleExtensions, now, OpensslHome } from "./openssl-home.fixture.ts";

describe("Plugged-in CA", () => {
  let home: OpensslHome;

  before(async () => {
    home = await OpensslHome.create();
  });
  after(() => home.remove());
  beforeEach(() => home.plugIn("good", "root"));

  const keyForms: Readonly<Record<string, () => Buffer>> = {
    "PKCS #8": () => readKey("good"),
    "SEC 1": () => home.openssl("ec", "-in", "good.key"),
    "SEC 1 after its parameters": () =>
      Buffer.concat([home.openssl("ecparam", "-name", "prime256v1"), home.openssl("ec", "-in", "good.key")]),
    "PKCS #8 after a line of text and a byte order mark": () =>
      Buffer.concat([Buffer.from("\ufeffkey of the mesh\r\n"), readKey("good")]),
  };
  const readKey = (name: string) => home.openssl("pkcs8", "-topk8", "-nocrypt", "-in", `${name}.key`);

  for (const [form, make] of Object.entries(keyForms)) {
    it(`accepts a key as ${form}`, async () => {
      await writeFile(home.at("ca-key.pem"), make());
      assert.equal((await home.loadWhole()).signer.keyPair.publicKey.type, "P-256");
    });
  }

  for (const key of ["P-384", "RSA-3072", "RSA-4096"] as const) {
    it(`accepts a key of type ${key} and signs with it`, async () => {
      await home.createIntermediate(key, "root", { key });
      await home.plugIn(key, "root");
      const { signer } = await home.loadWhole();
      assert.equal(signer.keyPair.publicKey.type, key);
      assert.ok(signer.certificate.publicKey.equals(signer.keyPair.publicKey));
      assert.ok(signer.keyPair.sign(Uint8Array.of(1)).length > 0);
    });
  }

  it("accepts an RSA key as PKCS #1", async () => {
    await home.createIntermediate("pkcs1", "root", { key: "RSA-3072" });
    await home.plugIn("pkcs1", "root");
    const pkcs1 = home.openssl("rsa", "-in", "pkcs1.key", "-traditional");
    assert.match(pkcs1.toString("latin1"), /BEGIN RSA PRIVATE KEY/);
    await writeFile(home.at("ca-key.pem"), pkcs1);
    assert.equal((await home.loadWhole()).signer.keyPair.publicKey.type, "RSA-3072");
  });

  it("requires the passphrase of an encrypted key, and decrypts the key with it", async () => {
    const encrypt = ["pkcs8", "-topk8", "-in", "good.key", "-passout", "pass:open"];
    await writeFile(home.at("ca-key.pem"), home.openssl(...encrypt));
    await rejectsWithCode(home.load(), "KEY_PASSPHRASE_MISSING");
    const { message } = await rejectsWithCode(home.load({ passphrase: "other" }), "KEY_PASSPHRASE_WRONG");
    assert.ok(message.includes(home.directory) && !message.includes("other"));
    await home.loadWhole({ passphrase: "open" });
  });

  it("says how to convert a key in OpenSSL's legacy encrypted format", async () => {
    const old = home.openssl("ec", "-in", "good.key", "-aes256", "-passout", "pass:open");
    await writeFile(home.at("ca-key.pem"), old);
    const { message } = await rejectsWithCode(home.load({ passphrase: "open" }), "KEY_PASSPHRASE_MISSING");
    assert.match(message, /openssl pkcs8 -topk8/);
  });

  it("accepts files with text around the PEM blocks, any line ends, any order and duplicates", async () => {
    const text = home.openssl("x509", "-text", "-in", "good.pem").toString("utf8");
    await writeFile(home.at("ca-cert.pem"), `\ufeff${text.replaceAll("\n", "\r\n")}`);
    await writeFile(home.at("cert-chain.pem"), (await home.pem("root")) + text + text);
    const set = await home.loadWhole();
    assert.deepEqual(set.intermediates, []);
    assert.ok(set.roots.contains(set.root));
  });

  it("accepts intermediates in any order, from Istio's files and from a TLS Secret", async () => {
    await home.createIntermediate("upper", "root", { extensions: middleExtensions });
    await home.createIntermediate("middle", "upper", { extensions: middleExtensions });
    await home.createIntermediate("low", "middle", { extensions: caExtensions });
    await home.plugIn("low", "root");
    await home.write("cert-chain.pem", "root", "upper", "low", "middle", "upper");
    const istio = await home.loadWhole();
    assert.equal(istio.intermediates.length, 2);
    assert.ok(istio.intermediates[0] && istio.signer.certificate.isIssuedBy(istio.intermediates[0]));

    await rm(home.directory, { recursive: true });
    await mkdir(home.directory);
    await home.write("tls.crt", "low", "middle", "upper");
    await home.write("ca.crt", "root");
    await copyFile(home.path("low.key"), home.at("tls.key"));
    await chmod(home.at("tls.key"), 0o600);
    const secret = await home.loadWhole();
    assert.deepEqual(
      [secret.signer.certificate, ...secret.intermediates].map(({ fingerprint }) => fingerprint),
      [istio.signer.certificate, ...istio.intermediates].map(({ fingerprint }) => fingerprint),
    );
  });

  it("accepts a root as the signer, with an empty chain", async () => {
    await home.plugIn("root", "root");
    await writeFile(home.at("cert-chain.pem"), "");
    const { signer, root, intermediates } = await home.loadWhole();
    assert.equal(signer.certificate.fingerprint, root.fingerprint);
    assert.deepEqual(intermediates, []);
  });

  it("builds the chain through the intermediate that leads to a root when another with the same key does not", async () => {
    await home.createIntermediate("crossed", "root", { extensions: middleExtensions });
    await home.certify("crossed", "other", { extensions: middleExtensions, saveAs: "crossed-by-other" });
    await home.createIntermediate("under", "crossed");
    await home.plugIn("under", "root");
    await home.write("cert-chain.pem", "crossed-by-other", "crossed");
    assert.deepEqual((await home.loadWhole()).intermediates.length, 1);
  });

  it("builds the chain through a valid intermediate when another with the same key has expired", async () => {
    await home.createIntermediate("made-twice", "root", { extensions: middleExtensions, days: 2 });
    await home.createIntermediate("beneath", "made-twice");
    await home.certify("made-twice", "root", { extensions: middleExtensions, saveAs: "made-again" });
    await home.plugIn("beneath", "root");
    await home.write("cert-chain.pem", "made-twice", "made-again");
    const set = await home.loadWhole({ now: new Date(now.getTime() + 5 * dayMs) });
    assert.ok(set.intermediates[0]?.toPem() === (await home.pem("made-again")));
  });

  it("prefers the root that expires last when a root was reissued with its key", async () => {
    home.renewRoot("root", "renewed", 60);
    for (const order of [
      ["root", "renewed"],
      ["renewed", "root"],
    ]) {
      await home.plugIn("good", ...order);
      assert.equal((await home.loadWhole()).root.toPem(), await home.pem("renewed"));
    }
    home.renewRoot("root", "ends-soon", 2);
    await home.plugIn("good", "ends-soon", "root");
    const { root } = await home.loadWhole({ now: new Date(now.getTime() + 5 * dayMs) });
    assert.equal(root.toPem(), await home.pem("root"));
  });

  it("ignores the revocation list, even if it is malformed", async () => {
    const before = await digestPluggedInFiles(home.directory);
    await writeFile(home.at("ca-crl.pem"), "garbage");
    assert.equal(await digestPluggedInFiles(home.directory), before);
    assert.equal((await home.loadWhole()).digest, before);
  });

  it("changes its digest with every byte of its files, and with a mode that forbids their use", async () => {
    const seen = new Set([await digestPluggedInFiles(home.directory)]);
    for (const name of ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]) {
      await writeFile(home.at(name), Buffer.concat([await readFile(home.at(name)), Buffer.of(0xff)]));
      seen.add(await digestPluggedInFiles(home.directory));
    }
    await chmod(home.at("ca-key.pem"), 0o644);
    seen.add(await digestPluggedInFiles(home.directory));
    assert.equal(seen.size, 6);
  });
});
