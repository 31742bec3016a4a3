import { createHash } from "node:crypto";
import { type Certificate, parseTrustedRoot } from "../certificate/certificate.ts";
import { TrustBundle } from "../certificate/trust-bundle.ts";
import { PkiError, withCodes } from "../errors.ts";
import { describeOtherContents } from "../pem/absence.ts";
import { certificateIn, isCertificateBlock } from "../pem/certificate-block.ts";
import { type PemBlock, scanPem } from "../pem/scan-pem.ts";
import type { PemPlace } from "../pem/sections.ts";

/** A block of a bundle that is not used. */
export interface SkippedRoot extends PemPlace {
  /** SHA-256 of the DER, lower-case hexadecimal; undefined if the block is not a certificate that can be decoded. */
  readonly fingerprint: string | undefined;
  /** The rule that the block breaks. */
  readonly reason: string;
}

/** The usable roots of a bundle, and the blocks that are not used. */
export interface BundleFile {
  readonly bundle: TrustBundle;
  readonly skipped: readonly SkippedRoot[];
}

/** The roots of a bundle in another form than that of {@link Certificate}. */
export interface RootsFile<Root> {
  /** In order, with duplicates. */
  readonly roots: readonly Root[];
  readonly skipped: readonly SkippedRoot[];
}

/**
 * Reads a bundle of trusted roots that people or CAs made, at most 1 MiB: keeps every readable root and reports
 * the other blocks, so that one odd root never costs the trust in the others.
 * @throws PkiError `CERTIFICATE_MALFORMED` if no root is left, with the reasons
 */
export function readBundle(pem: string | Uint8Array): BundleFile {
  const { roots, skipped } = readRoots(pem, parseCa);
  return { bundle: TrustBundle.from(roots), skipped };
}

/** Like {@link readBundle}, with another parser for one root, which throws PkiError to skip it. @throws PkiError */
export function readRoots<Root>(pem: string | Uint8Array, parse: (der: Uint8Array) => Root): RootsFile<Root> {
  const contents = withCodes({ PEM_MALFORMED: "CERTIFICATE_MALFORMED" }, () => scanPem(pem));
  const skipped: SkippedRoot[] = contents.problems.map(({ place, error }) => ({
    ...place,
    fingerprint: undefined,
    reason: error.message,
  }));
  const roots: Root[] = [];
  for (const block of contents.blocks) {
    try {
      roots.push(parse(certificateIn(block)));
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      skipped.push({ ...block.place, fingerprint: fingerprintOf(block), reason: error.message });
    }
  }
  skipped.sort((a, b) => a.position - b.position);
  if (roots.length === 0) throw noRoot(pem, skipped);
  return { roots, skipped };
}

/** The bundle that {@link readBundle} finds, for PEM that was written by kasbah itself. @throws PkiError */
export function parseTrustBundle(pem: string): TrustBundle {
  return readBundle(pem).bundle;
}

/** One line for people: where the block is, which certificate it is, and why it is not used. */
export function describeSkippedRoot({ position, line, fingerprint, reason }: SkippedRoot): string {
  const which = fingerprint === undefined ? "" : `, SHA-256 ${fingerprint}`;
  return `block ${position} (line ${line}${which}): ${reason}`;
}

function parseCa(der: Uint8Array): Certificate {
  const root = parseTrustedRoot(der);
  if (root.isCa) return root;
  throw new PkiError("CERTIFICATE_MALFORMED", "it is not a CA");
}

function noRoot(pem: string | Uint8Array, skipped: readonly SkippedRoot[]): PkiError {
  const [first, ...more] = skipped;
  if (first === undefined) {
    const found = describeOtherContents(pem);
    return new PkiError("CERTIFICATE_MALFORMED", `the trust bundle contains no root: ${found}`);
  }
  const others = more.length === 0 ? "" : `; and ${more.length} more`;
  const rule = `the trust bundle contains no usable root: ${describeSkippedRoot(first)}${others}`;
  return new PkiError("CERTIFICATE_MALFORMED", rule);
}

/** Undefined for a private key in the wrong file, of which nothing is printed. */
function fingerprintOf(block: PemBlock): string | undefined {
  if (!isCertificateBlock(block)) return undefined;
  return createHash("sha256").update(block.der).digest("hex");
}
