import type { KeyObject } from "node:crypto";
import { randomPrime, rsaKeyOf } from "../../packages/testkit/src/minting/rsa-key-of.ts";

/** 128 primes have 8,128 pairs, and finding a prime costs nearly all of a key. Never use such keys elsewhere. */
const primeCount = 128;

/** Distinct RSA-2048 keys that share primes: generating thousands of separate ones would take minutes. */
export function rsaKeys(): () => KeyObject {
  const primes: bigint[] = [];
  let [first, second] = [0, 1];
  return () => {
    while (primes.length <= second) primes.push(randomPrime(1024));
    const key = rsaKeyOf(primes[first] ?? 0n, primes[second] ?? 0n);
    first += 1;
    if (first === second) [first, second] = [0, second + 1];
    if (second > primeCount) throw new RangeError(`more than ${primeCount * 64} RSA keys`);
    return key;
  };
}
