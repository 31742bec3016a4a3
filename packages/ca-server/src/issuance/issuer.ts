import {
  type Certificate,
  leafValidity,
  lintWorkloadCertificate,
  PkiError,
  type Validity,
} from "@kasbah/pki";
import type { CertificateWriter, LeafTemplate } from "@kasbah/pki/certificate-writer";
import type { Clock } from "@kasbah/runtime";
import { CaError } from "../errors.ts";
import type { ApprovedOrder } from "./policy.ts";
import type { Issuer, IssuerSource } from "./ports.ts";

export interface SigningDeps {
  readonly issuers: IssuerSource;
  readonly writer: CertificateWriter;
  /** Returns a new serial for each call. It encodes when a token last proved the name, and its origin. */
  readonly newSerial: (tokenProvenAt: Date, originMark: string | undefined) => Uint8Array;
  readonly clock: Clock;
}

/** A workload certificate that passed the lint, and the issuer that signed it. */
export interface IssuedCertificate {
  readonly certificate: Certificate;
  readonly validity: Validity;
  readonly issuer: Issuer;
}

/** When a token proved the name, and the limit that follows from it. */
export interface NameProof {
  /** The time when a token last proved the name. */
  readonly tokenProvenAt: Date;
  /** No certificate that is renewed without a token may outlive this time; undefined if a token was sent. */
  readonly renewableUntil: Date | undefined;
  /** The mark of the pod or of the issuer of that token. */
  readonly originMark: string | undefined;
}

/**
 * Signs an approved order with the active issuer, and lints the result with another parser before it leaves
 * the CA.
 *
 * @throws CaError `ISSUER_UNAVAILABLE`, `LINT_FAILED`, `LEDGER_UNAVAILABLE`.
 */
export async function issue(
  order: ApprovedOrder,
  { tokenProvenAt, renewableUntil, originMark }: NameProof,
  deps: SigningDeps,
): Promise<IssuedCertificate> {
  const now = deps.clock.now();
  const issuer = deps.issuers.activeIssuer(now);
  const ttlMs = Math.min(
    order.ttlMs,
    (renewableUntil?.getTime() ?? Number.POSITIVE_INFINITY) - now.getTime(),
  );
  const validity = leafValidity({ now, ttlMs, issuerNotAfter: issuer.latestLeafExpiry });
  const serial = deps.newSerial(tokenProvenAt, originMark);
  const leaf = { spiffeId: order.spiffeId.toString(), serial: Buffer.from(serial).toString("hex") };
  await deps.issuers.coverLeaf(issuer, validity.notAfter, leaf);
  const template = templateFor(order, serial, validity);
  const certificate = await writeAndLint(template, order, issuer, deps.writer);
  return { certificate, validity, issuer };
}

/**
 * The profile: exactly one URI name, the names that the policy adds, and nothing that is not in the order.
 */
function templateFor(order: ApprovedOrder, serial: Uint8Array, validity: Validity): LeafTemplate {
  return {
    serial,
    validity,
    publicKey: order.publicKey,
    subjectAltNames: [
      { kind: "uri", value: order.spiffeId.toString() },
      ...order.dnsNames.map((value) => ({ kind: "dns", value }) as const),
    ],
    ...(order.commonName === undefined ? {} : { commonName: order.commonName }),
  };
}

async function writeAndLint(
  template: LeafTemplate,
  { spiffeId, dnsNames, commonName, publicKey }: ApprovedOrder,
  issuer: Issuer,
  writer: CertificateWriter,
): Promise<Certificate> {
  const { serial, validity } = template;
  try {
    const certificate = await writer.writeLeaf(template, issuer);
    lintWorkloadCertificate(certificate, {
      spiffeId,
      dnsNames,
      commonName,
      serial,
      publicKey,
      issuer: issuer.certificate,
      validity,
    });
    return certificate;
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new CaError("LINT_FAILED", "the issued certificate does not match the approved order", { cause });
  }
}
