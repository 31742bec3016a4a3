import { checkPrimeSync, createPrivateKey, generatePrimeSync, type KeyObject } from "node:crypto";

/** The RSA private key of two primes that the caller chooses, such as ones too close to each other. */
export function rsaKeyOf(p: bigint, q: bigint): KeyObject {
  const e = 65_537n;
  const d = inverse(e, (p - 1n) * (q - 1n));
  const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
  const encoded = Object.entries(numbers).map(([name, value]) => [name, encode(value)]);
  return createPrivateKey({ key: { kty: "RSA", ...Object.fromEntries(encoded) }, format: "jwk" });
}

/** A random prime. OpenSSL sets its two upper bits, so the product of two has twice as many. */
export function randomPrime(bits: number): bigint {
  const prime = generatePrimeSync(bits, { bigint: true });
  return prime % 65_537n === 1n ? randomPrime(bits) : prime;
}

/** The first prime above a number that is usable with the exponent 65537. */
export function primeAbove(number: bigint): bigint {
  let candidate = number + (number % 2n === 0n ? 1n : 2n);
  while (!checkPrimeSync(candidate) || candidate % 65_537n === 1n) candidate += 2n;
  return candidate;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [oldRest, rest, oldFactor, factor] = [value, modulus, 1n, 0n];
  while (rest !== 0n) {
    const quotient = oldRest / rest;
    [oldRest, rest] = [rest, oldRest - quotient * rest];
    [oldFactor, factor] = [factor, oldFactor - quotient * factor];
  }
  return ((oldFactor % modulus) + modulus) % modulus;
}

function encode(value: bigint): string {
  const digits = value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex").toString("base64url");
}
