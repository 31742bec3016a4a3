/** The primes of {@link primesModulo} are below this. */
export const smallPrimeLimit = 1 << 16;

let product: bigint | undefined;

/**
 * The product of all small odd primes, 94,000 bits, modulo a number of thousands of bits. It folds the upper half of
 * the product onto the lower one until little is left, which takes half of the time of a division.
 */
export function primesModulo(modulus: bigint): bigint {
  product ??= productOf(oddPrimesBelow(smallPrimeLimit));
  let rest = product;
  for (const [exponent, power] of powersOfTwo(modulus).reverse()) {
    rest = (rest >> BigInt(exponent)) * power + BigInt.asUintN(exponent, rest);
  }
  return rest % modulus;
}

/** The product has this many bits. */
const productBits = 94_028;

/** Powers of two modulo the number: from three times its size, doubled up to half of the product's. */
function powersOfTwo(modulus: bigint): [exponent: number, power: bigint][] {
  const powers: [number, bigint][] = [];
  const bits = modulus.toString(16).length * 4;
  const first = (1n << BigInt(bits)) % modulus;
  let power = (((first * first) % modulus) * first) % modulus;
  for (let exponent = 3 * bits; ; exponent *= 2) {
    powers.push([exponent, power]);
    if (2 * exponent >= productBits) return powers;
    power = (power * power) % modulus;
  }
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
