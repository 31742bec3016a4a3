// Euclid's algorithm in Lehmer's form (Knuth, The Art of Computer Programming, 4.5.2, algorithm L): most steps are
// taken on the leading 52 bits, which fit in a number, and applied to all digits at once. A division of BigInts for
// every step takes six times as long.

const digitBits = 24;
const base = 2 ** digitBits;
/** With factors below this, a sum of two products of opposite signs is exact in a number. */
const factorLimit = 2 ** 26;

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
interface Matrix {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/**
 * The steps of Euclid's algorithm that the leading 52 bits already determine; undefined if they determine none.
 * Jebelean's condition (A double-digit Lehmer-Euclid algorithm, theorem 1) decides it without a second division.
 * Swapping through arrays would leave 200 KiB of garbage for one key.
 */
function simulate(x: Digits, y: Digits): Matrix | undefined {
  if (y.length < 4) return undefined;
  const at = x.length - 1;
  const scale = 2 ** Math.clz32((x.digits[at] ?? 0) << 8);
  let xh = leading(x.digits, at, scale);
  let yh = leading(y.digits, at, scale);
  let a = 1;
  let b = 0;
  let c = 0;
  let d = 1;
  for (let isOdd = false; yh !== 0; isOdd = !isOdd) {
    const quotient = Math.floor(xh / yh);
    const rest = xh - quotient * yh;
    const nextC = a - quotient * c;
    const nextD = b - quotient * d;
    if (Math.abs(nextC) >= factorLimit || Math.abs(nextD) >= factorLimit) break;
    if (isOdd ? rest < -nextC || yh - rest < nextD - d : rest < -nextD || yh - rest < nextC - c) break;
    a = c;
    b = d;
    c = nextC;
    d = nextD;
    xh = yh;
    yh = rest;
  }
  return b === 0 ? undefined : { a, b, c, d };
}

/** The digit at a place and the three below, times a power of 2 below 2^24 that makes them 52 bits before the point. */
function leading(digits: Float64Array, at: number, scale: number): number {
  const upper = (digits[at] ?? 0) * base + (digits[at - 1] ?? 0);
  const lower = (digits[at - 2] ?? 0) * base + (digits[at - 3] ?? 0);
  return upper * 16 * scale + Math.floor((lower * scale) / 2 ** 44);
}

function apply({ a, b, c, d }: Matrix, x: Digits, y: Digits): void {
  const upper = x.digits;
  const lower = y.digits;
  let carryX = 0;
  let carryY = 0;
  for (let at = 0; at < x.length; at += 1) {
    const digitX = upper[at] ?? 0;
    const digitY = lower[at] ?? 0;
    const sumX = a * digitX + b * digitY + carryX;
    const sumY = c * digitX + d * digitY + carryY;
    carryX = Math.floor(sumX / base);
    carryY = Math.floor(sumY / base);
    upper[at] = sumX - carryX * base;
    lower[at] = sumY - carryY * base;
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
  const digits = new Float64Array(size);
  for (let at = 0; at < size; at += 1) digits[at] = digitAt(octets, 3 * (size - 1 - at));
  const number = { digits, length: size };
  trim(number);
  return number;
}

function digitAt(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 16) | ((octets[at + 1] ?? 0) << 8) | (octets[at + 2] ?? 0);
}

function toBigInt({ digits, length }: Digits): bigint {
  const octets = Buffer.alloc(3 * length + 1);
  for (let at = 0; at < length; at += 1) octets.writeUIntBE(digits[at] ?? 0, 1 + 3 * (length - 1 - at), 3);
  return BigInt(`0x${octets.toString("hex")}`);
}
