import type { Certificate } from "../certificate/certificate.ts";
import { readCertificateFields } from "../certificate/certificate-fields.ts";
import type { Extension } from "../certificate/extension.ts";

/** The certificates above the leaves of an authority, and the roots that clients hold beside its own. */
export interface SigningPath {
  readonly signer: Certificate;
  /** The signer's own issuer first, without the root. */
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
  readonly roots: readonly Certificate[];
}

/** The certificates of the path, from the signer up to the root, each once. */
export function certificatesOf({ signer, intermediates, root }: SigningPath): readonly Certificate[] {
  return signer.equals(root) ? [root] : [signer, ...intermediates, root];
}

/** The extension of a certificate with its criticality, which the decoded extensions do not keep. */
export function extensionOf(certificate: Certificate, wanted: string): Extension | undefined {
  return readCertificateFields(certificate.der).extensions.find((each) => each.oid === wanted);
}
