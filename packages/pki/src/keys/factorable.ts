import { toUnsigned } from "../bytes.ts";
import type { PublicKey } from "./public-key.ts";
import { rsaAlgorithm } from "./rsa-algorithm.ts";

/** With more rounds, Fermat's method finds primes that are further apart, but honest ones never become close. */
const fermatRounds = 100;
const smallPrimeLimit = 1 << 16;

/**
 * Returns the reason why anyone can derive the private key of an RSA public key, if there is one. Such keys come
 * from broken generators: devices have shipped moduli of two neighboring primes (CVE-2022-26320) and with small
 * factors. Costs 0.2 ms for 2048 bits and 0.6 ms for 4096; other algorithms cost nothing.
 */
export function factorProblem({ algorithm, keyObject }: PublicKey): string | undefined {
  if (algorithm !== rsaAlgorithm) return undefined;
  const { n = "" } = keyObject.export({ format: "jwk" });
  const modulus = toUnsigned(Buffer.from(n, "base64url"));
  if (hasSmallFactor(modulus)) return `the RSA modulus has a prime factor below ${smallPrimeLimit}`;
  return hasCloseFactors(modulus)
    ? `the two primes of the RSA modulus are so close that Fermat's method finds them in ${fermatRounds} rounds`
    : undefined;
}

let smallPrimes: bigint | undefined;

function hasSmallFactor(modulus: bigint): boolean {
  smallPrimes ??= productOf(oddPrimesBelow(smallPrimeLimit));
  return greatestCommonDivisor(modulus, smallPrimes % modulus) > 1n;
}

/** Fermat's factorization: an odd n = a² − b² with b small if its factors are close to its square root. */
function hasCloseFactors(modulus: bigint): boolean {
  const root = squareRoot(modulus);
  let a = root * root === modulus ? root : root + 1n;
  for (let round = 0; round < fermatRounds; round += 1, a += 1n) {
    if (isSquare(a * a - modulus)) return true;
  }
  return false;
}

/** Squares have few residues, so almost every other number needs no root. 63 · 65 · 11, after Cohen's algorithm 1.7.3. */
const residueModulus = 45_045;
const squareResidues: ReadonlySet<number> = new Set(
  Array.from({ length: residueModulus }, (_, index) => (index * index) % residueModulus),
);

function isSquare(value: bigint): boolean {
  if (!squareResidues.has(Number(value % BigInt(residueModulus)))) return false;
  const root = squareRoot(value);
  return root * root === value;
}

/** The integer square root by Newton's method, from a start above it. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(16).length * 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function greatestCommonDivisor(one: bigint, other: bigint): bigint {
  let [larger, smaller] = [one, other];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}

function oddPrimesBelow(limit: number): readonly bigint[] {
  const isComposite = new Uint8Array(limit);
  const primes: bigint[] = [];
  for (let candidate = 3; candidate < limit; candidate += 2) {
    if (isComposite[candidate] !== 0) continue;
    primes.push(BigInt(candidate));
    for (let multiple = candidate * candidate; multiple < limit; multiple += candidate)
      isComposite[multiple] = 1;
  }
  return primes;
}

/** Multiplies numbers of similar size, which is much faster than one after another. */
function productOf(numbers: readonly bigint[]): bigint {
  const [first = 1n, ...rest] = numbers;
  if (rest.length === 0) return first;
  const middle = numbers.length >> 1;
  return productOf(numbers.slice(0, middle)) * productOf(numbers.slice(middle));
}
