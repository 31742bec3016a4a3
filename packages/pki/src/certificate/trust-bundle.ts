import { createHash } from "node:crypto";
import { PkiError } from "../errors.ts";
import type { Certificate } from "./certificate.ts";

/** The set of trusted roots: at least one, each a CA, each once, in order of first appearance. */
export class TrustBundle {
  readonly roots: readonly Certificate[];
  /** SHA-256 over the sorted fingerprints, so equal sets have equal hashes in any order. */
  readonly hash: string;

  #pem: string | undefined;

  private constructor(roots: readonly Certificate[]) {
    this.roots = roots;
    const fingerprints = roots.map((root) => root.fingerprint).sort();
    this.hash = createHash("sha256").update(fingerprints.join("\n")).digest("hex");
  }

  /** @throws PkiError `CERTIFICATE_MALFORMED` if there is no root or one is not a CA */
  static from(roots: readonly Certificate[]): TrustBundle {
    const unique = new Map<string, Certificate>();
    for (const root of roots) {
      if (!root.isCa)
        throw new PkiError(
          "CERTIFICATE_MALFORMED",
          "the trust bundle contains a certificate that is not a CA",
        );
      if (!unique.has(root.fingerprint)) unique.set(root.fingerprint, root);
    }
    if (unique.size === 0) throw new PkiError("CERTIFICATE_MALFORMED", "the trust bundle contains no root");
    return new TrustBundle([...unique.values()]);
  }

  /** The roots of both bundles, starting with this one's. */
  union(other: TrustBundle): TrustBundle {
    return TrustBundle.from([...this.roots, ...other.roots]);
  }

  /** Whether both contain the same roots, in any order. */
  equals(other: TrustBundle): boolean {
    return this.hash === other.hash;
  }

  contains(certificate: Certificate): boolean {
    return this.roots.some((root) => root.equals(certificate));
  }

  toPem(): string {
    // Every reply of the CA contains it.
    this.#pem ??= this.roots.map((root) => root.toPem()).join("");
    return this.#pem;
  }
}
