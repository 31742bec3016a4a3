import { createHash, createPrivateKey, type KeyObject, sign, verify, X509Certificate } from "node:crypto";
import { inspect } from "node:util";
import { DerCursor, openElement } from "../der/cursor.ts";
import { parseDer } from "../der/reader.ts";
import { constructedTag, tag } from "../der/tag.ts";
import { dottedOid, wholeOctets } from "../der/values.ts";
import { PkiError, withCodes } from "../errors.ts";
import { pointProblem } from "../keys/ec-curve.ts";
import { findCurve } from "../keys/key-types.ts";
import { privateKeyEncodings } from "../keys/private-key.ts";
import { oid } from "../oids.ts";
import type { PemBlock } from "../pem/operator-pem.ts";
import { encodePem } from "../pem/pem.ts";

const label = "CERTIFICATE";

/**
 * A certificate out of an operator's own file, as public CAs make them: of any version, name, serial and key that OpenSSL
 * reads. For handing on, and nothing else: our own checks of chains and names take a {@link Certificate}.
 */
export class OperatorCertificate {
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly #der: Uint8Array;
  readonly #parsed: X509Certificate;

  /** @throws PkiError `CERTIFICATE_MALFORMED` or `KEY_REJECTED` */
  constructor(der: Uint8Array) {
    this.#der = new Uint8Array(der);
    withCodes({ DER_MALFORMED: "CERTIFICATE_MALFORMED" }, () => checkKey(spkiOf(this.#der)));
    this.#parsed = readByOpenSsl(this.#der);
    this.fingerprint = createHash("sha256").update(this.#der).digest("hex");
    this.notBefore = this.#parsed.validFromDate;
    this.notAfter = this.#parsed.validToDate;
  }

  get publicKey(): KeyObject {
    return this.#parsed.publicKey;
  }

  toPem(): string {
    return encodePem(label, this.#der);
  }
}

/** A private key out of an operator's own file, of any kind that OpenSSL reads. Printing or serialising it shows nothing. */
export class OperatorKey {
  readonly #key: KeyObject;

  /** @throws PkiError `KEY_ENCRYPTED` or `KEY_MALFORMED` */
  constructor(block: PemBlock) {
    const type = privateKeyEncodings.get(block.label);
    if (type === undefined) {
      throw new PkiError("KEY_ENCRYPTED", "the key is encrypted, or in a form that is not read");
    }
    try {
      this.#key = createPrivateKey({ key: Buffer.from(block.der), format: "der", type });
    } catch (cause) {
      throw new PkiError("KEY_MALFORMED", `the ${block.label} block cannot be read`, { cause });
    }
  }

  /**
   * Whether what this key signs verifies under the certificate. Nothing less will do: OpenSSL takes the point beside an EC
   * scalar (RFC 5915 §3) for its public half without a look at whether it is.
   */
  matches(certificate: OperatorCertificate): boolean {
    const probe = Buffer.alloc(32);
    const hash = this.#key.asymmetricKeyType?.startsWith("ed") ? null : "sha256";
    try {
      return verify(hash, probe, certificate.publicKey, sign(hash, probe, this.#key));
    } catch {
      // Of another type, or of one that signs nothing.
      return false;
    }
  }

  /** The private key, unencrypted (RFC 5958). For Envoy's socket, and for nothing else. */
  toPkcs8Pem(): string {
    return this.#key.export({ format: "pem", type: "pkcs8" }).toString();
  }

  toJSON(): string {
    return "OperatorKey";
  }

  [inspect.custom](): string {
    return "OperatorKey";
  }
}

/** Whether a block under this label is a private key, readable or not. */
export function isKeyLabel(of: string): boolean {
  return of.endsWith("PRIVATE KEY");
}

/** RFC 5280 §4.1, any version: only the way to the key is walked. */
function spkiOf(der: Uint8Array): DerCursor {
  const certificate = openElement(parseDer(der), tag.sequence, "Certificate");
  const fields = new DerCursor(certificate.take(tag.sequence, "tbsCertificate"), "TBSCertificate");
  fields.takeOptional(constructedTag(0));
  fields.take(tag.integer, "serialNumber");
  for (const field of ["signature", "issuer", "validity", "subject"]) fields.take(tag.sequence, field);
  return openElement(fields.take(tag.sequence, "subjectPublicKeyInfo"), tag.sequence, "SubjectPublicKeyInfo");
}

/** What OpenSSL and Node have stumbled over before: points that are none, and curves described by the stranger. */
function checkKey(info: DerCursor): void {
  const algorithm = openElement(info.take(tag.sequence, "algorithm"), tag.sequence, "AlgorithmIdentifier");
  const key = wholeOctets(info.take(tag.bitString, "subjectPublicKey"), "subjectPublicKey");
  if (dottedOid(algorithm.take(tag.oid, "algorithm").content) !== oid.ecPublicKey) return;
  const named = algorithm.takeOptional(tag.oid);
  if (named === undefined) throw new PkiError("KEY_REJECTED", "the curve is not given by its name");
  const curve = findCurve(dottedOid(named.content));
  if (curve === undefined && key[0] === 0x04) return;
  const problem =
    curve === undefined ? "the point is not in the uncompressed form" : pointProblem(curve, key);
  if (problem !== undefined) throw new PkiError("KEY_REJECTED", problem);
}

function readByOpenSsl(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new PkiError("CERTIFICATE_MALFORMED", "OpenSSL cannot read the certificate", { cause });
  }
}
