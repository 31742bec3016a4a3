import { toUnsigned } from "../../bytes.ts";

/**
 * Limits for the RSA keys of callers: 2048 bits is today's minimum, 4096 bounds the cost of one verification.
 */
export const callerRsaLimits: RsaLimits = { minBits: 2048, maxBits: 4096 };

/** Authorities that operators plug in may be larger, because the CA does not choose their keys. */
export const authorityRsaLimits: RsaLimits = { minBits: 2048, maxBits: 8192 };

/** Limits of the modulus in significant bits. */
export interface RsaLimits {
  readonly minBits: number;
  readonly maxBits: number;
}

const minExponent = 65_537n;
const exponentLimit = 1n << 32n;

/**
 * Returns the reason why the RSA public key is not acceptable, if any. Small and even exponents allow forged
 * signatures (e = 1 verifies anything); huge ones are expensive. Sizes are in bits, since octets hide a short
 * modulus.
 */
export function rsaProblem(modulus: Uint8Array, exponent: Uint8Array, limits: RsaLimits): string | undefined {
  const bits = bitLength(modulus);
  if (bits < limits.minBits) return `the RSA modulus has ${bits} bits, fewer than ${limits.minBits}`;
  if (bits > limits.maxBits) return `the RSA modulus has ${bits} bits, more than ${limits.maxBits}`;
  const e = exponent.length > 8 ? exponentLimit : toUnsigned(exponent);
  if (e < minExponent || e >= exponentLimit || e % 2n === 0n) {
    return "the RSA exponent is not an odd number from 65537 to 2^32";
  }
  const n = toUnsigned(modulus);
  if (n % 2n === 0n) return "the RSA modulus is even";
  return hasRocaFingerprint(n) ? "the RSA modulus has the fingerprint of ROCA (CVE-2017-15361)" : undefined;
}

/** Significant bits of a magnitude without leading zero octets. */
export function bitLength(magnitude: Uint8Array): number {
  const [first = 0] = magnitude;
  return magnitude.length === 0 ? 0 : magnitude.length * 8 - (Math.clz32(first) - 24);
}

const smallPrimes = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/** For each small prime, the residues of the powers of 65537. */
const reachable: ReadonlyMap<number, ReadonlySet<number>> = new Map(
  smallPrimes.map((prime) => [prime, powersOf65537(prime)]),
);

/**
 * Infineon's broken generator made primes of the form k·M + 65537^a mod M, where M is a primorial, so its
 * moduli are powers of 65537 modulo every small prime. About one honest modulus in 2^27 matches by chance.
 */
function hasRocaFingerprint(n: bigint): boolean {
  for (const [prime, residues] of reachable) {
    if (!residues.has(Number(n % BigInt(prime)))) return false;
  }
  return true;
}

function powersOf65537(prime: number): Set<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power);
  return powers;
}
