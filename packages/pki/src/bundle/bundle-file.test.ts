import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { assertCpuTimeBelow, createOddCertificate, type OddOrder, throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { parseCertificate } from "../certificate/certificate.ts";
import { verifyChain } from "../certificate/chain.ts";
import { TrustBundle } from "../certificate/trust-bundle.ts";
import { hex } from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { encodePem } from "../pem/pem.ts";
import { describeSkippedRoot, parseTrustBundle, readBundle } from "./bundle-file.ts";

const now = new Date("2026-11-30T00:00:00Z");
const ours = createOddCertificate({ commonName: "ours" });
const other = createOddCertificate({ commonName: "other", key: "P-384" });
const block = (of: Partial<OddOrder>) => createOddCertificate({ commonName: "odd", ...of });
const privateKey = (await createKeyPair("P-256")).toPkcs8Pem();
const openssl = (args: readonly string[], input: string) =>
  execFileSync("openssl", args, { input, encoding: "utf8", stdio: "pipe" });
const fingerprints = (pem: string) => readBundle(pem).bundle.roots.map(({ fingerprint }) => fingerprint);

describe("readBundle", () => {
  const skipped: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a root with a negative serial": [block({ serial: hex("ff") }).pem, /not positive/],
    "a root with an ML-DSA key": [block({ key: "ml-dsa-44" }).pem, /unsupported key algorithm/],
    "an RSA root of 1024 bits": [block({ key: "rsa-1024" }).pem, /1024 bits/],
    "a leaf": [block({ isCa: false }).pem, /not a CA/],
    "a version 1 certificate under another issuer": [block({ version: 1, issuer: ours }).pem, /not a CA/],
    "a private key": [privateKey, /block of PRIVATE KEY/],
    "a revocation list": [encodePem("X509 CRL", hex("3000")), /block of X509 CRL/],
    "random bytes": [encodePem("CERTIFICATE", hex("00010203")), /DER|structure|end-of-contents/],
    "bytes after the certificate": [
      encodePem("CERTIFICATE", Buffer.concat([other.der, hex("0500")])),
      /after/,
    ],
    "a broken base64 text": [other.pem.replace("MII", "M*I").replace("MIH", "M*H"), /base64/],
    "a missing END line": ["-----BEGIN CERTIFICATE-----\nAAAA\n", /no END line/],
    "an END line of another label": [other.pem.replace("END CERTIFICATE", "END X509 CRL"), /no END line/],
    "a BEGIN line without dashes": ["-----BEGIN CERTIFICATE\nAAAA\n", /BEGIN line/],
    "an old encrypted key": ["-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n", /END line/],
  };
  for (const [what, [pem, reason]] of Object.entries(skipped)) {
    it(`keeps the root before and the root after ${what}, and reports it with its place`, () => {
      const read = readBundle(`${ours.pem}${pem}${other.pem}`);
      assert.deepEqual(
        read.bundle.roots.map(({ der }) => Buffer.from(der)),
        [Buffer.from(ours.der), Buffer.from(other.der)],
      );
      const [found, ...more] = read.skipped;
      assert.deepEqual(more, []);
      assert.equal(found?.position, 2);
      assert.equal(found.line, ours.pem.split("\n").length);
      assert.match(found.reason, reason);
    });

    it(`rejects a bundle that consists of ${what}, and gives the reason`, () => {
      assert.match(throwsWithCode(() => readBundle(pem), "CERTIFICATE_MALFORMED").message, reason);
    });
  }

  const kept: Readonly<Record<string, string>> = {
    "spaces at the ends of lines": ours.pem.replaceAll("\n", "  \t\n"),
    "indented lines": ours.pem.replaceAll("\n", "\n   "),
    "an empty line after BEGIN": ours.pem.replace("-----\n", "-----\n\n"),
    "empty lines everywhere": ours.pem.replaceAll("\n", "\n\n"),
    "Windows line ends": ours.pem.replaceAll("\n", "\r\n"),
    "carriage returns alone": ours.pem.replaceAll("\n", "\r"),
    "no line feed at its end": ours.pem.trimEnd(),
    "a byte order mark": `\uFEFF${ours.pem}`,
    "comments around it": `# our root\nsubject=/CN=ours\n${ours.pem}# end\n`,
    "text of openssl x509 -text": openssl(["x509", "-text"], ours.pem),
    "the label X509 CERTIFICATE": ours.pem.replaceAll("CERTIFICATE", "X509 CERTIFICATE"),
    "the label TRUSTED CERTIFICATE": openssl(["x509", "-trustout", "-setalias", "ours"], ours.pem),
    "trust settings for both sides of TLS": openssl(
      ["x509", "-addtrust", "clientAuth", "-addtrust", "serverAuth"],
      ours.pem,
    ),
  };
  for (const [what, pem] of Object.entries(kept)) {
    it(`reads a root with ${what}, alone and beside another root`, () => {
      for (const text of [pem, `${pem}${other.pem}`, `${other.pem}${pem}`]) {
        const read = readBundle(text);
        assert.deepEqual(read.skipped, []);
        assert.ok(read.bundle.roots.some(({ der }) => Buffer.from(der).equals(ours.der)));
      }
    });
  }

  it("skips a root that OpenSSL's trust settings exclude from one side of TLS", () => {
    for (const setting of [
      ["-addtrust", "emailProtection"],
      ["-addreject", "clientAuth"],
      ["-addreject", "serverAuth"],
      ["-addreject", "anyExtendedKeyUsage"],
    ]) {
      const { skipped: found } = readBundle(openssl(["x509", ...setting], ours.pem) + other.pem);
      assert.match(
        found.map(describeSkippedRoot).join(),
        /block 1 \(line 1, SHA-256 [0-9a-f]{64}\): OpenSSL's trust/,
      );
    }
  });

  const odd: Readonly<Record<string, Partial<OddOrder>>> = {
    "the serial 0": { serial: hex("00") },
    "version 1": { version: 1 },
    "a P-521 key": { key: "P-521" },
    "an Ed25519 key": { key: "ed25519" },
  };
  for (const [what, order] of Object.entries(odd)) {
    it(`trusts a root with ${what}, and verifies leaves under it, but accepts it nowhere else`, () => {
      const root = block(order);
      const leaf = createOddCertificate({ commonName: "leaf", issuer: root, isCa: false });
      const stranger = createOddCertificate({ commonName: "leaf", issuer: block(order), isCa: false });
      const bundle = parseTrustBundle(root.pem + ours.pem);
      const verify = (der: Uint8Array) =>
        verifyChain({ leaf: parseCertificate(der), intermediates: [], bundle, now });
      verify(leaf.der);
      throwsWithCode(() => verify(stranger.der), "CHAIN_INVALID");
      assert.notEqual(bundle.roots[0]?.waivedRule, undefined);
      assert.equal(bundle.roots[1]?.waivedRule, undefined);
      assert.throws(() => parseCertificate(root.der));
      assert.ok(parseTrustBundle(bundle.toPem()).equals(bundle));
    });
  }

  it("rejects a P-521 point that is not on the curve and an Ed25519 key of another length", () => {
    const root = block({ key: "P-521" });
    const spki = Buffer.from(parseTrustBundle(root.pem).roots[0]?.publicKey.spki ?? []);
    const last = spki.length - 1;
    const moved = spki.with(last, (spki[last] ?? 0) ^ 1);
    const short = Buffer.concat([hex("3029300506032b6570032000"), Buffer.alloc(31)]);
    for (const key of [moved, short]) {
      throwsWithCode(() => readBundle(block({ spki: key }).pem), "CERTIFICATE_MALFORMED");
    }
  });

  it("reads a root once that occurs twice, under any label", () => {
    const twice = ours.pem + ours.pem.replaceAll("CERTIFICATE", "X509 CERTIFICATE");
    assert.equal(fingerprints(twice).length, 1);
  });

  it("takes time proportional to the length of the file, for any content", async () => {
    for (const part of [
      "-----BEGIN ",
      "-----BEGIN A-----\n",
      "-----BEGIN CERTIFICATE-----\n-----END ",
      "\n\r ",
    ]) {
      const hostile = part.repeat(Math.floor(1_000_000 / part.length));
      await assertCpuTimeBelow(5_000, () =>
        throwsWithCode(() => readBundle(hostile), "CERTIFICATE_MALFORMED"),
      );
    }
    throwsWithCode(() => readBundle(" ".repeat(1024 * 1024 + 1)), "CERTIFICATE_MALFORMED");
  });
});

describe("readBundle of any mixture", () => {
  const roots = [ours, other, block({ commonName: "third" }), block({ key: "ed25519" })].map(
    ({ pem }) => pem,
  );
  const bad = Object.values({
    leaf: block({ isCa: false }).pem,
    text: "some text\n",
    bytes: encodePem("CERTIFICATE", hex("3000")),
    key: encodePem("PRIVATE KEY", hex("3000")),
    cut: "-----BEGIN CERTIFICATE-----\nMII\n",
  });
  const styles: readonly ((pem: string) => string)[] = [
    (pem) => pem,
    (pem) => pem.replaceAll("\n", "\r\n"),
    (pem) => pem.replaceAll("\n", " \n\n"),
    (pem) => pem.replaceAll("CERTIFICATE", "X509 CERTIFICATE"),
    (pem) => `\t${pem}`,
  ];

  it("keeps exactly the readable roots in order, and reports every other block", () => {
    const part = fc.oneof(
      fc.record({
        good: fc.constant(true),
        pem: fc.constantFrom(...roots),
        style: fc.constantFrom(...styles),
      }),
      fc.record({
        good: fc.constant(false),
        pem: fc.constantFrom(...bad),
        style: fc.constantFrom(...styles),
      }),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), (parts) => {
        const text = parts.map(({ pem, style }) => style(pem)).join("\n");
        const good = [...new Set(parts.filter((one) => one.good).map(({ pem }) => pem))];
        const blocks = parts.filter(({ pem }) => pem.includes("BEGIN")).length;
        const goodBlocks = parts.filter((one) => one.good).length;
        if (good.length === 0) {
          throwsWithCode(() => readBundle(text), "CERTIFICATE_MALFORMED");
          return;
        }
        const read = readBundle(text);
        assert.equal(read.bundle.toPem(), good.join(""));
        assert.equal(read.skipped.length, blocks - goodBlocks);
      }),
      { numRuns: 200 },
    );
  });

  it("keeps every root that a change of a few characters does not touch", () => {
    const text = roots.join("");
    const trusted = new Set(fingerprints(text));
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.string({ maxLength: 3 }), (at, change) => {
        let found: readonly string[];
        try {
          found = fingerprints(text.slice(0, at) + change + text.slice(at + change.length));
        } catch (error) {
          return assert.equal((error as { code?: string }).code, "CERTIFICATE_MALFORMED");
        }
        // A changed signature is another certificate with the same key: a bundle is not signed.
        assert.ok(found.filter((one) => trusted.has(one)).length >= roots.length - 2);
      }),
      { numRuns: 200 },
    );
  });

  it("is a set: union with itself adds nothing", () => {
    const bundle = parseTrustBundle(roots.join(""));
    assert.ok(bundle.union(TrustBundle.from(bundle.roots)).equals(bundle));
  });
});
