import { equalBytes } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import type { Validity } from "../certificate/profile.ts";
import { tag } from "../der/tag.ts";
import { encode, encodeSequence } from "../der/writer.ts";

/**
 * Whether a certificate has exactly this validity, in the form of RFC 5280 §4.1.2.5: UTCTime up to 2049. The
 * parser also accepts GeneralizedTime there, as in foreign certificates.
 */
export function hasValidity({ fields, notBefore, notAfter }: Certificate, validity: Validity): boolean {
  return (
    notBefore.getTime() === validity.notBefore.getTime() &&
    notAfter.getTime() === validity.notAfter.getTime() &&
    equalBytes(fields.validity, encodeSequence(encodeTime(notBefore), encodeTime(notAfter)))
  );
}

/** Whether it expires after it becomes valid, and not after its issuer. */
export function expiresWithin({ notBefore, notAfter }: Certificate, issuer: Certificate): boolean {
  return notBefore.getTime() < notAfter.getTime() && notAfter.getTime() <= issuer.notAfter.getTime();
}

const punctuation = /[-:T]/g;

function encodeTime(time: Date): Uint8Array {
  const digits = time.toISOString().slice(0, 19).replace(punctuation, "");
  return time.getUTCFullYear() < 2050
    ? encode(tag.utcTime, Buffer.from(`${digits.slice(2)}Z`, "latin1"))
    : encode(tag.generalizedTime, Buffer.from(`${digits}Z`, "latin1"));
}
