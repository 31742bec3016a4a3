import { Certificate } from "@kasbah/pki";

/** Below this part of its lifetime, a certificate must be renewed before it expires. */
const lastingPart = 0.25;

/**
 * Whether a caller that presents these certificates, leaf first, can wait. They may be unverified: a caller gains nothing
 * by a false one, because it would only wait longer.
 */
export function holdsLastingCertificate([leaf]: readonly Uint8Array[], now: Date): boolean {
  if (leaf === undefined) return false;
  try {
    const { notBefore, notAfter } = new Certificate(leaf);
    const [left, lifetime] = [notAfter.getTime() - now.getTime(), notAfter.getTime() - notBefore.getTime()];
    return left > lifetime * lastingPart;
  } catch {
    return false;
  }
}
