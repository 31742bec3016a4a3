import { toUnsigned } from "../../bytes.ts";
import { parseDer } from "../../der/reader.ts";
import { positiveInteger, wholeOctets } from "../../der/values.ts";
import type { PublicKey } from "../public-key.ts";
import { rsaAlgorithm } from "./algorithm.ts";
import { areCoprime } from "./coprime.ts";
import { primesModulo, smallPrimeLimit } from "./small-primes.ts";

/** With more rounds, Fermat's method finds primes that are further apart, but honest ones never become close. */
const fermatRounds = 100;

/**
 * Returns the reason why anyone can derive the private key of an RSA public key, if there is one. Such keys come
 * from broken generators: devices have shipped moduli of two neighboring primes (CVE-2022-26320) and with small
 * factors. Costs as much as two verifications of a P-256 signature for 2048 bits; other algorithms cost nothing.
 */
export function factorProblem({ algorithm, spki }: PublicKey): string | undefined {
  if (algorithm !== rsaAlgorithm) return undefined;
  const modulus = toUnsigned(modulusOf(spki));
  if (hasSmallFactor(modulus)) return `the RSA modulus has a prime factor below ${smallPrimeLimit}`;
  return hasCloseFactors(modulus)
    ? `the two primes of the RSA modulus are so close that Fermat's method finds them in ${fermatRounds} rounds`
    : undefined;
}

/** Whether a prime below {@link smallPrimeLimit} divides an odd number. */
export function hasSmallFactor(modulus: bigint): boolean {
  return !areCoprime(modulus, primesModulo(modulus));
}

/** The modulus in the SubjectPublicKeyInfo of a key that is already parsed. */
function modulusOf(spki: Uint8Array): Uint8Array {
  const key = parseDer(spki).children[1];
  const modulus = key && parseDer(wholeOctets(key, "subjectPublicKey")).children[0];
  if (modulus === undefined) throw new TypeError("a parsed RSA key has a modulus");
  return positiveInteger(modulus, "modulus");
}

/** Fermat's factorization: an odd n = a² − b² with b small if its factors are close to its square root. */
function hasCloseFactors(modulus: bigint): boolean {
  const root = squareRoot(modulus);
  const first = root * root === modulus ? root : root + 1n;
  const sieves = squareSieves.map(({ m, isSquare }) => {
    return { m, isSquare, a: Number(first % BigInt(m)), n: Number(modulus % BigInt(m)) };
  });
  for (let round = 0; round < fermatRounds; round += 1) {
    // a² − n modulo m, in numbers: hardly any round needs more.
    const mayBeSquare = sieves.every(
      ({ m, isSquare, a, n }) => isSquare[(((a + round) % m) ** 2 - n + m) % m],
    );
    if (!mayBeSquare) continue;
    const a = first + BigInt(round);
    if (isSquare(a * a - modulus)) return true;
  }
  return false;
}

/** Squares have few residues (Cohen, A Course in Computational Algebraic Number Theory, algorithm 1.7.3). */
const squareSieves = [63 * 65 * 11, 64 * 31 * 37, 17 * 19 * 23 * 29].map((m) => {
  const isSquare = new Uint8Array(m);
  for (let value = 0; value < m; value += 1) isSquare[value ** 2 % m] = 1;
  return { m, isSquare };
});

function isSquare(value: bigint): boolean {
  const root = squareRoot(value);
  return root * root === value;
}

/** The integer square root by Newton's method. Each division is only as precise as its result can be. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  const half = Math.floor((value.toString(2).length - 1) / 2);
  let root = 1n;
  let bits = 0;
  for (let shift = 32 - Math.clz32(half); shift > 0; shift -= 1) {
    const before = bits;
    bits = half >> (shift - 1);
    root = (root << BigInt(bits - before - 1)) + (value >> BigInt(2 * half - before - bits + 1)) / root;
  }
  return root * root > value ? root - 1n : root;
}
