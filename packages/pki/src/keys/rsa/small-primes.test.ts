import assert from "node:assert/strict";
import fc from "fast-check";
import { primesModulo } from "./small-primes.ts";

const number = (bits: number) => fc.bigInt({ min: 1n << BigInt(bits - 1), max: (1n << BigInt(bits)) - 1n });

/** The remainder, one prime after another. */
function slowly(modulus: bigint): bigint {
  let product = 1n;
  for (let candidate = 3; candidate < 65_536; candidate += 2) {
    let isPrime = true;
    for (let factor = 3; factor * factor <= candidate && isPrime; factor += 2)
      isPrime = candidate % factor !== 0;
    if (isPrime) product = (product * BigInt(candidate)) % modulus;
  }
  return product;
}

describe("primesModulo", () => {
  it("returns the product of the odd primes below 2^16 modulo numbers of every size of an RSA key", () => {
    fc.assert(
      fc.property(fc.constantFrom(2048, 2049, 3072, 4095, 4096, 8192).chain(number), (modulus) => {
        assert.equal(primesModulo(modulus), slowly(modulus));
      }),
      { numRuns: 12 },
    );
  });

  it("is 0 modulo a product of some of them, and not modulo a multiple of a larger prime", () => {
    const some = [3n, 5n, 65_521n].reduce((product, prime) => product * prime);
    assert.equal(primesModulo(some), 0n);
    assert.notEqual(primesModulo(some * 65_537n), 0n);
  });
});
