import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createTestAuthority, mintSecret, type TestAuthority } from "@kasbah/testkit";
import { parseCertificates } from "../certificate/certificate.ts";
import { TrustBundle } from "../certificate/trust-bundle.ts";
import { parsePrivateKey } from "../keys/private-key.ts";
import { encodeKeyStore, encodeTrustStore } from "./pkcs12.ts";

const receivedAt = new Date("2030-01-01T00:00:00Z");
const password = "changeit";

/** Runs `openssl pkcs12`, which verifies the MAC, with its default providers. */
function openssl(store: Uint8Array, args: readonly string[], given = password) {
  const command = ["pkcs12", "-passin", `pass:${given}`, ...args];
  return execFileSync("openssl", command, { input: store, encoding: "utf8", stdio: "pipe" });
}

/** What `openssl pkcs12 -info` says about algorithms, on standard error. */
function infoOf(store: Uint8Array) {
  const script = `openssl pkcs12 -info -noout -passin pass:${password} 2>&1`;
  return execFileSync("/bin/sh", ["-c", script], { input: store, encoding: "utf8" });
}

describe("PKCS#12 stores", () => {
  let root: TestAuthority;
  let authority: TestAuthority;

  before(async () => {
    root = await createTestAuthority();
    authority = await root.issueIntermediate("Intermediate");
  });

  const entry = async (keyType: "P-256" | "P-384" | "RSA-2048" = "P-256") => {
    const { keyPair, leaf } = await mintSecret({ authority, receivedAt, ttlMs: 3_600_000, keyType });
    return { alias: "workload", keyPair, chain: [leaf, authority.certificate] as const };
  };

  for (const keyType of ["P-256", "P-384", "RSA-2048"] as const) {
    it(`writes a key store of a ${keyType} key whose key and chain OpenSSL reads`, async () => {
      const one = await entry(keyType);
      const store = encodeKeyStore(one, password);
      const key = parsePrivateKey(openssl(store, ["-nocerts", "-noenc"]).replace(/^[^-]*/, ""));
      assert.ok(key.publicKey.equals(one.keyPair.publicKey));
      const [leaf] = parseCertificates(openssl(store, ["-clcerts", "-nokeys"]).replace(/^[^-]*/, ""));
      assert.equal(leaf?.fingerprint, one.chain[0].fingerprint);
      const [issuer] = parseCertificates(openssl(store, ["-cacerts", "-nokeys"]).replace(/^[^-]*/, ""));
      assert.equal(issuer?.fingerprint, authority.certificate.fingerprint);
      assert.match(openssl(store, ["-nokeys"]), /friendlyName: workload/);
    });
  }

  it("protects the key with PBES2 and AES-256, and the file with an HMAC of SHA-256", async () => {
    const one = await entry();
    const said = infoOf(encodeKeyStore(one, password));
    assert.match(said, /^MAC: sha256, Iteration 10000$/m);
    assert.match(said, /^Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256$/m);
  });

  it("is refused by OpenSSL with another password or after one changed octet", async () => {
    const one = await entry();
    const store = encodeKeyStore(one, password);
    assert.throws(() => openssl(store, ["-noout"], "another"), /invalid password/);
    for (const at of [60, store.length - 200, store.length - 10]) {
      const broken = Uint8Array.from(store);
      broken[at] = (broken[at] ?? 0) ^ 1;
      assert.throws(() => openssl(broken, ["-noout"]), /Command failed/, `octet ${at}`);
    }
  });

  it("is readable with every printable ASCII password and contains no octet of the plain key", async () => {
    const one = await entry();
    const printable = String.fromCharCode(...Array.from({ length: 95 }, (_, index) => 0x20 + index));
    const store = encodeKeyStore(one, printable);
    assert.match(openssl(store, ["-nocerts", "-noenc"], printable), /BEGIN PRIVATE KEY/);
    const plain = Buffer.from(one.keyPair.toPkcs8Der());
    const scalar = plain.indexOf(Buffer.from("0201010420", "hex")) + 5;
    assert.ok(scalar > 5);
    assert.equal(Buffer.from(store).indexOf(plain.subarray(scalar, scalar + 32)), -1);
  });

  it("writes the same bytes for the same entry, and other salts for another key or password", async () => {
    const [one, two] = [await entry(), await entry()];
    const write = (given: typeof one, secret = password) => Buffer.from(encodeKeyStore(given, secret));
    assert.ok(write(one).equals(write(one)));
    const macSaltOf = (store: Buffer) => store.subarray(-20, -4).toString("hex");
    const salts = [write(one), write(two), write(one, "another")].map(macSaltOf);
    assert.equal(new Set(salts).size, 3);
  });

  it("writes every root of the trust bundle into a trust store, with an alias and Java's mark", async () => {
    const other = await createTestAuthority("Other");
    const bundle = TrustBundle.from([root.certificate, other.certificate]);
    const store = encodeTrustStore(bundle, password);
    const said = openssl(store, ["-nokeys"]);
    const aliases = [...said.matchAll(/friendlyName: (\S+)/g)].map(([, alias]) => alias);
    assert.deepEqual(
      aliases,
      bundle.roots.map(({ fingerprint }) => `root-${fingerprint.slice(0, 16)}`),
    );
    assert.equal(said.match(/2\.16\.840\.1\.113894\.746875\.1\.1/g)?.length, 2);
    assert.ok(Buffer.from(store).equals(encodeTrustStore(bundle, password)));
  });
});
