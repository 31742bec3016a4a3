import { X509Certificate } from "node:crypto";
import { type Certificate, looksSelfSigned } from "@kasbah/pki";
import { type Material, maxCasAbove, type WaysUp } from "./chain.ts";
import { chainFileOf, type PluggedInNames } from "./layout.ts";
import { describeIn, oneLine } from "./shown.ts";

/** Says why no chain leads from the signer to a root, and what to change. */
export function noWayUp(
  { top, isTooLong }: WaysUp,
  { signer, roots, candidates }: Material,
  names: PluggedInNames,
): string {
  const describe = describeIn(names, { signer, roots });
  const who = describe(top);
  if (isTooLong) {
    return `${describe(signer)} has more than ${maxCasAbove} CAs above it, and agents accept at most ${maxCasAbove}: let a CA closer to the root sign it`;
  }
  if (looksSelfSigned(top)) return `${who} is a root that ${names.roots} does not contain: add it there`;
  const unfit = roots.find((root) => root.waivedRule !== undefined && top.isIssuedBy(root));
  if (unfit !== undefined) {
    return `${describe(unfit)} may be trusted, but the CA's own chain cannot end there: ${unfit.waivedRule}: use a root that every TLS client accepts`;
  }
  const issuer = oneLine(new X509Certificate(top.der).issuer);
  const expected = `${who} does not lead to a root in ${names.roots}: expected its issuer ${issuer} there or in ${chainFileOf(names)}`;
  if (top.isIssuedBy(top)) {
    return `${who} is self-signed, but its authority key identifier names another key, so clients look for another issuer: reissue it without that extension`;
  }
  const isAnchor = roots.some((root) => root.equals(top));
  const note = isAnchor
    ? `; ${names.roots} contains it, but OpenSSL ends a chain only at a self-signed root`
    : "";
  return `${expected}, but ${whyNot(top, [...roots, ...candidates])}${note}`;
}

/** The reason why no certificate is the issuer, with the fix. */
function whyNot(top: Certificate, others: readonly Certificate[]): string {
  const child = new X509Certificate(top.der);
  const namesakes = others.filter(({ subject }) => Buffer.compare(subject, top.issuer) === 0);
  const isSigned = ({ der }: Certificate) => child.verify(new X509Certificate(der).publicKey);
  if (namesakes.some(isSigned)) {
    return `its signature algorithm is ${child.signatureAlgorithm}, expected ECDSA or RSA (PKCS #1 v1.5) with SHA-2: reissue it with one of these`;
  }
  if (namesakes.length > 0)
    return "the certificate with that name has another key: add the certificate that issued it";
  const isReencoded = ({ der }: Certificate) => child.checkIssued(new X509Certificate(der));
  if (others.some(isReencoded)) {
    return "the certificate with that name has it in other bytes (another string type, case or spaces), and Go compares bytes: reissue it with the issuer's name as the issuer's certificate has it";
  }
  return "it is missing: add the certificate that issued it";
}
