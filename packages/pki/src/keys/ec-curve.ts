import { toUnsigned } from "../bytes.ts";

/** The curves that this project issues to and signs with. */
export type EcCurve = "P-256" | "P-384";

interface CurveParameters {
  /** Octets of one coordinate. */
  readonly size: number;
  readonly p: bigint;
  readonly b: bigint;
  /** Order of the base point. */
  readonly n: bigint;
}

// FIPS 186-4 appendix D.1.2; both curves are y² = x³ − 3x + b over a prime field, with cofactor 1.
const curves: Readonly<Record<EcCurve, CurveParameters>> = {
  "P-256": {
    size: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  "P-384": {
    size: 48,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
};

/**
 * Whether the two big-endian coordinates, of exactly the curve's size and below p, are a point of the curve.
 * The point at infinity has no coordinates and so never is one. With cofactor 1 every such point is a valid key.
 */
export function isPointOnCurve(curve: EcCurve, x: Uint8Array, y: Uint8Array): boolean {
  const { size, p, b } = curves[curve];
  if (x.length !== size || y.length !== size) return false;
  const xValue = toUnsigned(x);
  const yValue = toUnsigned(y);
  if (xValue >= p || yValue >= p) return false;
  return (yValue * yValue - (xValue * xValue * xValue - 3n * xValue + b)) % p === 0n;
}

/**
 * Why the octets are not an acceptable public point, or nothing. Only the uncompressed form is accepted:
 * OpenSSL reads more forms than ours, and some Node releases abort the process on the point at infinity.
 */
export function pointProblem(curve: EcCurve, point: Uint8Array): string | undefined {
  const { size } = curves[curve];
  if (point.length !== 1 + 2 * size || point[0] !== 0x04) {
    return `the ${curve} point is not in the uncompressed form`;
  }
  const isOnCurve = isPointOnCurve(curve, point.subarray(1, 1 + size), point.subarray(1 + size));
  return isOnCurve ? undefined : `the point is not on ${curve}`;
}

/** Whether the magnitude is in [1, n−1], as the r and s of an ECDSA signature must be. */
export function isScalar(curve: EcCurve, magnitude: Uint8Array): boolean {
  const { size, n } = curves[curve];
  if (magnitude.length > size) return false;
  const value = toUnsigned(magnitude);
  return value > 0n && value < n;
}
