/** The primes of {@link primesModulo} are below this. */
export const smallPrimeLimit = 1 << 16;

/** The product of all small odd primes, 94,000 bits, in pieces of this many bits, the highest first. */
const pieceBits = 24_576;
let pieces: readonly bigint[] | undefined;

/**
 * The product of all small odd primes modulo a number of thousands of bits. Each upper part is folded onto the part
 * below it, which takes three fifths of the time of a division.
 */
export function primesModulo(modulus: bigint): bigint {
  pieces ??= split(productOf(oddPrimesBelow(smallPrimeLimit)));
  const quarter = (1n << BigInt(pieceBits / 4)) % modulus;
  const half = (quarter * quarter) % modulus;
  const whole = (half * half) % modulus;
  let rest = 0n;
  for (const piece of pieces) rest = rest * whole + piece;
  rest = fold(rest, pieceBits / 2, half);
  return fold(rest, pieceBits / 4, quarter) % modulus;
}

/** A number with the same remainder; `power` is 2 to the exponent, modulo the number that divides. */
function fold(value: bigint, exponent: number, power: bigint): bigint {
  return (value >> BigInt(exponent)) * power + BigInt.asUintN(exponent, value);
}

function split(value: bigint): readonly bigint[] {
  const upper = value >> BigInt(pieceBits);
  return [...(upper === 0n ? [] : split(upper)), BigInt.asUintN(pieceBits, value)];
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
