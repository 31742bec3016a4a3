import assert from "node:assert/strict";
import fc from "fast-check";
import { areCoprime } from "./coprime.ts";

function greatestCommonDivisor(one: bigint, other: bigint): bigint {
  return other === 0n ? one : greatestCommonDivisor(other, one % other);
}

const number = (bits: number) => fc.bigInt({ min: 1n, max: (1n << BigInt(bits)) - 1n });
const sized = fc.integer({ min: 1, max: 2200 }).chain(number);

describe("areCoprime", () => {
  it("agrees with Euclid's algorithm on numbers of every size, with and without a common factor", () => {
    const factor = fc.oneof(fc.constant(1n), number(8), number(300));
    fc.assert(
      fc.property(sized, sized, factor, (one, other, common) => {
        const [a, b] = [one * common, other * common];
        assert.equal(areCoprime(a, b), greatestCommonDivisor(a, b) === 1n);
      }),
      { numRuns: 500 },
    );
  });

  it("agrees with it on numbers of which one is a power of 2, a neighbor or a multiple of the other", () => {
    fc.assert(
      fc.property(sized, fc.nat({ max: 2200 }), number(60), (one, shift, factor) => {
        for (const other of [1n << BigInt(shift), one + 1n, one * factor, one * factor + 1n]) {
          assert.equal(areCoprime(one, other), greatestCommonDivisor(one, other) === 1n);
          assert.equal(areCoprime(other, one), greatestCommonDivisor(one, other) === 1n);
        }
      }),
      { numRuns: 200 },
    );
  });
});
