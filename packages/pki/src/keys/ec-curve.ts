import { toUnsigned } from "../bytes.ts";

/** A curve y² = x³ − 3x + b over the field of the prime p, with cofactor 1. */
export interface EcCurve {
  readonly name: string;
  readonly oid: string;
  /** Octets of one coordinate. */
  readonly size: number;
  readonly p: bigint;
  readonly b: bigint;
  /** Order of the base point. */
  readonly n: bigint;
}

/**
 * Whether two big-endian coordinates, of exactly the curve's size and below p, are a point on the curve.
 * The point at infinity has no coordinates, so it never passes. With cofactor 1, every such point is a valid key.
 */
export function isPointOnCurve({ size, p, b }: EcCurve, x: Uint8Array, y: Uint8Array): boolean {
  if (x.length !== size || y.length !== size) return false;
  const xValue = toUnsigned(x);
  const yValue = toUnsigned(y);
  if (xValue >= p || yValue >= p) return false;
  return (yValue * yValue - (xValue * xValue * xValue - 3n * xValue + b)) % p === 0n;
}

/**
 * Returns the reason why the octets are not an acceptable public point, if any. Only the uncompressed form is
 * accepted: OpenSSL reads more forms, and some Node releases abort the process on the point at infinity.
 */
export function pointProblem(curve: EcCurve, point: Uint8Array): string | undefined {
  const { name, size } = curve;
  if (point.length !== 1 + 2 * size || point[0] !== 0x04) {
    return `the ${name} point is not in uncompressed form`;
  }
  const isOnCurve = isPointOnCurve(curve, point.subarray(1, 1 + size), point.subarray(1 + size));
  return isOnCurve ? undefined : `the point is not on ${name}`;
}

/** Whether the magnitude is in [1, n−1], as r and s of an ECDSA signature must be. */
export function isScalar(curve: EcCurve, magnitude: Uint8Array): boolean {
  if (magnitude.length > curve.size || !magnitude.some((octet) => octet !== 0)) return false;
  return magnitude.length < curve.size || Buffer.compare(magnitude, orderOf(curve)) < 0;
}

const orders = new WeakMap<EcCurve, Uint8Array>();

/** n in octets of the curve's size. Its first octet is not zero, so n is above every shorter magnitude. */
function orderOf(curve: EcCurve): Uint8Array {
  const order = orders.get(curve) ?? Buffer.from(curve.n.toString(16).padStart(2 * curve.size, "0"), "hex");
  orders.set(curve, order);
  return order;
}
