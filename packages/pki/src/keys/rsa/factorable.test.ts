import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { primeAbove, randomPrime, rsaKeyOf } from "@kasbah/testkit";
import fc from "fast-check";
import { parseCertificateRequest } from "../../csr/csr.ts";
import { forgeRequest } from "../../forge.fixture.ts";
import { createKeyPair, KeyPair } from "../key.ts";
import { parsePublicKey } from "../public-key.ts";
import { factorProblem, hasSmallFactor } from "./factorable.ts";

const half = randomPrime(1024);
/** Fermat's method needs about distance² / 8√n rounds. */
const weak: Readonly<Record<string, () => readonly [bigint, bigint]>> = {
  "neighboring primes": () => [half, primeAbove(half)],
  "primes that differ in the lower half of their bits": () => [half, primeAbove(half + (1n << 511n))],
  "primes that take Fermat's method dozens of rounds": () => [half, primeAbove(half + (1n << 516n))],
  "the factor 3": () => [3n, randomPrime(2047)],
  "the largest prime below 2^16": () => [65_521n, randomPrime(2040)],
};

describe("factorProblem", () => {
  for (const [what, primesOf] of Object.entries(weak)) {
    it(`finds an RSA modulus with ${what}, in the key and in a CSR`, () => {
      const pair = new KeyPair(rsaKeyOf(...primesOf()));
      assert.match(factorProblem(pair.publicKey) ?? "", /prime factor below 65536|Fermat's method/);
      assert.throws(() => parseCertificateRequest(forgeRequest(pair)), {
        code: "CSR_KEY_REJECTED",
        message: factorProblem(pair.publicKey),
      });
    });
  }

  it("accepts primes that are just far enough apart, a factor above 2^16, and keys that OpenSSL generates", async () => {
    const apart = rsaKeyOf(half, primeAbove(half + (1n << 530n)));
    const large = rsaKeyOf(primeAbove(65_537n), randomPrime(2040));
    assert.equal(factorProblem(new KeyPair(apart).publicKey), undefined);
    assert.equal(factorProblem(new KeyPair(large).publicKey), undefined);
    for (const type of ["RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384"] as const)
      assert.equal(factorProblem((await createKeyPair(type)).publicKey), undefined, type);
  });

  it("finds two equal primes, of which no library makes a private key", () => {
    const n = Buffer.from((half * half).toString(16), "hex").toString("base64url");
    const key = createPublicKey({ key: { kty: "RSA", n, e: "AQAB" }, format: "jwk" });
    const spki = new Uint8Array(key.export({ format: "der", type: "spki" }));
    assert.match(factorProblem(parsePublicKey(spki)) ?? "", /Fermat/);
  });

  it("agrees with trial division by every small number on random odd moduli, with and without a planted prime", () => {
    const odd = fc.bigInt({ min: 1n << 2031n, max: (1n << 2032n) - 1n }).map((value) => value | 1n);
    const planted = fc.constantFrom(1n, 251n, 257n, 32_749n, 65_521n);
    fc.assert(
      fc.property(odd, planted, (value, factor) => {
        const modulus = value * factor;
        let divisor = 3n;
        while (divisor < 65_536n && modulus % divisor !== 0n) divisor += 2n;
        assert.equal(hasSmallFactor(modulus), divisor < 65_536n);
      }),
      { numRuns: 30, examples: [[(1n << 2031n) + 1n, 1n]] },
    );
  });
});
