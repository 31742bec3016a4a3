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
import { encodePem } from "../pem/pem.ts";
import { inBlock, type PemBlock } from "../pem/scan-pem.ts";

const label = "CERTIFICATE";

/**
 * A certificate from an operator's file, of any version, name, serial and key that OpenSSL reads, as public
 * CAs issue them. It is only passed on; chain and name checks use {@link Certificate}.
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

/**
 * A private key from an operator's file, of any type that OpenSSL reads. Printing or serializing it shows
 * nothing.
 */
export class OperatorKey {
  readonly #key: KeyObject;

  /** @throws PkiError `KEY_ENCRYPTED` or `KEY_MALFORMED` */
  constructor(block: PemBlock) {
    this.#key = inBlock(block, () => readKey(block));
  }

  /**
   * Whether the certificate verifies a signature by this key. Comparing public halves is not enough, because
   * OpenSSL does not check that the point stored with an EC scalar (RFC 5915 §3) is its public half.
   */
  matches(certificate: OperatorCertificate): boolean {
    const probe = Buffer.alloc(32);
    const hash = this.#key.asymmetricKeyType?.startsWith("ed") ? null : "sha256";
    try {
      return verify(hash, probe, certificate.publicKey, sign(hash, probe, this.#key));
    } catch {
      // The types differ, or the key cannot sign.
      return false;
    }
  }

  /** The unencrypted private key (RFC 5958), only for Envoy's socket. */
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

/** Finds the key in a certificate of any version (RFC 5280 §4.1) and skips the other fields. */
function spkiOf(der: Uint8Array): DerCursor {
  const certificate = openElement(parseDer(der), tag.sequence, "Certificate");
  const fields = new DerCursor(certificate.take(tag.sequence, "tbsCertificate"), "TBSCertificate");
  fields.takeOptional(constructedTag(0));
  fields.take(tag.integer, "serialNumber");
  for (const field of ["signature", "issuer", "validity", "subject"]) fields.take(tag.sequence, field);
  return openElement(fields.take(tag.sequence, "subjectPublicKeyInfo"), tag.sequence, "SubjectPublicKeyInfo");
}

/**
 * Rejects inputs that have crashed OpenSSL or Node: invalid points, and curves that the certificate defines
 * itself.
 */
function checkKey(info: DerCursor): void {
  const algorithm = openElement(info.take(tag.sequence, "algorithm"), tag.sequence, "AlgorithmIdentifier");
  const key = wholeOctets(info.take(tag.bitString, "subjectPublicKey"), "subjectPublicKey");
  if (dottedOid(algorithm.take(tag.oid, "algorithm").content) !== oid.ecPublicKey) return;
  const named = algorithm.takeOptional(tag.oid);
  if (named === undefined) throw new PkiError("KEY_REJECTED", "the curve is not a named curve");
  const curve = findCurve(dottedOid(named.content));
  if (curve === undefined && key[0] === 0x04) return;
  const problem =
    curve === undefined ? "the point is not in the uncompressed form" : pointProblem(curve, key);
  if (problem !== undefined) throw new PkiError("KEY_REJECTED", problem);
}

function readKey({ label: of, der }: PemBlock): KeyObject {
  const type = privateKeyEncodings.get(of);
  if (type === undefined) {
    const fix = "decrypt it, or convert it with openssl pkey";
    throw new PkiError("KEY_ENCRYPTED", `a key in the form ${of} is encrypted or not supported: ${fix}`);
  }
  try {
    return createPrivateKey({ key: der, format: "der", type });
  } catch (cause) {
    throw new PkiError("KEY_MALFORMED", `the ${of} cannot be read`, { cause });
  }
}

function readByOpenSsl(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der);
  } catch (cause) {
    throw new PkiError("CERTIFICATE_MALFORMED", "OpenSSL cannot read the certificate", { cause });
  }
}
