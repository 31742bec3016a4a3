// Euclid's algorithm in Lehmer's form (Knuth, The Art of Computer Programming, 4.5.2, algorithm L): most steps are
// taken on the leading 48 bits, which fit in a number, and applied to all digits at once. A division of BigInts for
// every step takes three times as long.

const digitBits = 24;
const base = 2 ** digitBits;

/** Digits of 24 bits, the lowest first, without leading zeros. */
interface Digits {
  readonly digits: Float64Array;
  length: number;
}

/** Whether two positive numbers have no common factor. */
export function areCoprime(one: bigint, other: bigint): boolean {
  let [x, y] = one < other ? [other, one] : [one, other];
  while (y >= longest) [x, y] = reduce(x, y);
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 1n;
}

/** Below this, divisions of BigInts are as fast. */
const longest = 1n << 96n;

/** Lehmer steps as long as they advance, then one division. The greatest common divisor stays the same. */
function reduce(one: bigint, other: bigint): [bigint, bigint] {
  const size = Math.ceil(one.toString(16).length / 6);
  const [x, y] = [digitsOf(one, size), digitsOf(other, size)];
  for (let matrix = simulate(x, y); matrix !== undefined; matrix = simulate(x, y)) apply(matrix, x, y);
  const [larger, smaller] = [toBigInt(x), toBigInt(y)];
  return smaller === 0n ? [larger, 0n] : [smaller, larger % smaller];
}

/** x becomes a·x + b·y, and y becomes c·x + d·y. */
type Matrix = readonly [a: number, b: number, c: number, d: number];

/** The steps of Euclid's algorithm that the leading 48 bits already determine; undefined if they determine none. */
function simulate(x: Digits, y: Digits): Matrix | undefined {
  if (y.length < 3) return undefined;
  let [xh, yh] = [leading(x, x), leading(y, x)];
  let [a, b, c, d] = [1, 0, 0, 1];
  while (yh + c !== 0 && yh + d !== 0) {
    const quotient = Math.floor((xh + a) / (yh + c));
    if (quotient !== Math.floor((xh + b) / (yh + d))) break;
    const [nextC, nextD] = [a - quotient * c, b - quotient * d];
    // Products of larger factors and digits would not be exact.
    if (Math.abs(nextC) >= base || Math.abs(nextD) >= base) break;
    [a, b, c, d] = [c, d, nextC, nextD];
    [xh, yh] = [yh, xh - quotient * yh];
  }
  return b === 0 ? undefined : [a, b, c, d];
}

/** The 48 bits of a number at the place of the leading bits of `scale`. */
function leading({ digits }: Digits, scale: Digits): number {
  const at = scale.length - 1;
  const bits = 32 - Math.clz32(scale.digits[at] ?? 0);
  const [first = 0, second = 0, third = 0] = [digits[at], digits[at - 1], digits[at - 2]];
  return first * 2 ** (48 - bits) + second * 2 ** (24 - bits) + Math.floor(third / 2 ** bits);
}

function apply([a, b, c, d]: Matrix, x: Digits, y: Digits): void {
  let carryX = 0;
  let carryY = 0;
  for (let at = 0; at < x.length; at += 1) {
    const digitX = x.digits[at] ?? 0;
    const digitY = y.digits[at] ?? 0;
    const sumX = a * digitX + b * digitY + carryX;
    const sumY = c * digitX + d * digitY + carryY;
    carryX = Math.floor(sumX / base);
    carryY = Math.floor(sumY / base);
    x.digits[at] = sumX - carryX * base;
    y.digits[at] = sumY - carryY * base;
  }
  y.length = x.length;
  trim(x);
  trim(y);
}

function trim(number: Digits): void {
  while (number.length > 0 && number.digits[number.length - 1] === 0) number.length -= 1;
}

function digitsOf(value: bigint, size: number): Digits {
  const octets = Buffer.from(value.toString(16).padStart(6 * size, "0"), "hex");
  const digits = Float64Array.from({ length: size }, (_, at) => octets.readUIntBE(3 * (size - 1 - at), 3));
  const number = { digits, length: size };
  trim(number);
  return number;
}

function toBigInt({ digits, length }: Digits): bigint {
  const octets = Buffer.alloc(3 * length + 1);
  for (let at = 0; at < length; at += 1) octets.writeUIntBE(digits[at] ?? 0, 1 + 3 * (length - 1 - at), 3);
  return BigInt(`0x${octets.toString("hex")}`);
}
