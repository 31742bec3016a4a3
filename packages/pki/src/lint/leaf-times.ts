import type { Certificate } from "../certificate/certificate.ts";
import type { Validity } from "../certificate/profile.ts";
/**
 * Whether a certificate has exactly this validity, in the form of RFC 5280 §4.1.2.5: UTCTime up to 2049. The
 * parser also accepts GeneralizedTime there, as in foreign certificates.
 */
export function hasValidity({ fields, notBefore, notAfter }: Certificate, validity: Validity): boolean {
  return (
    notBefore.getTime() === validity.notBefore.getTime() &&
    notAfter.getTime() === validity.notAfter.getTime() &&
    // The parser has read both times, and would read a UTCTime of 2050 as 1950, so the form shows in the size.
    fields.validity.length === 2 + sizeOfTime(notBefore) + sizeOfTime(notAfter)
  );
}

/** Whether it expires after it becomes valid, and not after its issuer. */
export function expiresWithin({ notBefore, notAfter }: Certificate, issuer: Certificate): boolean {
  return notBefore.getTime() < notAfter.getTime() && notAfter.getTime() <= issuer.notAfter.getTime();
}

/** Identifier, length, and `YYMMDDHHMMSSZ` or a year of four digits. */
function sizeOfTime(time: Date): number {
  return time.getUTCFullYear() < 2050 ? 15 : 17;
}
