import { hash, X509Certificate } from "node:crypto";
import { equalBytes, toHex } from "../bytes.ts";
import { PkiError, withCodes } from "../errors.ts";
import { type PublicKey, parseAuthorityKey, parsePublicKey, parseTrustedKey } from "../keys/public-key.ts";
import { isSignedBy } from "../keys/signature.ts";
import { isSameName } from "../names/directory-name.ts";
import { type GeneralNameKind, ipAddressText, latin1 } from "../names/general-name.ts";
import { parseSpiffeId, type SpiffeId } from "../names/spiffe-id.ts";
import { describeOtherContents } from "../pem/absence.ts";
import { findCertificates } from "../pem/certificate-block.ts";
import { encodePem } from "../pem/pem.ts";
import { type CertificateExtensions, readCertificateExtensions } from "./certificate-extensions.ts";
import { type CertificateFields, readCertificateFields, strictFields } from "./certificate-fields.ts";

const label = "CERTIFICATE";
/** Every accepted certificate is written as PEM, which can be read back only up to 16 KiB. */
const maxDerBytes = 12_000;

/** What its reader knows about a certificate. */
export interface CertificateReading {
  /** Only for `parseTrustedRoot`. */
  readonly waivedRule?: string | undefined;
  /** A key that is already parsed. If the certificate has the same key, it is not parsed again. */
  readonly knownKey?: PublicKey | undefined;
}

/**
 * An X.509 v3 certificate in canonical DER with an acceptable key. Its existence does not imply trust: see
 * `verifyChain`.
 */
export class Certificate {
  readonly der: Uint8Array;
  /** Lower-case hexadecimal, two digits per octet, no sign octet. */
  readonly serial: string;
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** The raw Name, to be compared by `isSameName`. */
  readonly subject: Uint8Array;
  /** The raw Name, to be compared by `isSameName`. */
  readonly issuer: Uint8Array;
  readonly isCa: boolean;
  readonly publicKey: PublicKey;
  readonly uriNames: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** The algorithm of its issuer's signature, even if it is not on the allow-list. */
  readonly signatureOid: string;
  /** The other extensions, for chain checks. */
  readonly extensions: CertificateExtensions;
  /** The fields as received, for the lint. */
  readonly fields: CertificateFields;

  /**
   * The rule for certificates that this trusted root breaks; undefined for every other certificate. Releases
   * before bundles became tolerant cannot read such a root.
   */
  readonly waivedRule: string | undefined;

  /** @throws PkiError `CERTIFICATE_MALFORMED` or `KEY_REJECTED` */
  constructor(der: Uint8Array, { waivedRule, knownKey }: CertificateReading = {}) {
    if (der.length > maxDerBytes) {
      throw new PkiError("CERTIFICATE_MALFORMED", `the certificate is longer than ${maxDerBytes} bytes`);
    }
    this.der = new Uint8Array(der);
    const [fields, extensions] = withCodes({ DER_MALFORMED: "CERTIFICATE_MALFORMED" }, () => {
      const rules = waivedRule === undefined ? strictFields : { zeroSerial: true, version1: true };
      const read = readCertificateFields(this.der, rules);
      return [read, readCertificateExtensions(read.extensions)] as const;
    });
    this.fields = fields;
    this.extensions = extensions;
    this.serial = toHex(fields.serial);
    this.fingerprint = hash("sha256", this.der, "hex");
    this.notBefore = fields.notBefore;
    this.notAfter = fields.notAfter;
    this.signatureOid = fields.signatureOid;
    this.subject = fields.subject;
    this.issuer = fields.issuer;
    this.waivedRule = waivedRule;
    // A version 1 certificate cannot say that it is a CA. TLS clients accept one as a root if it names itself.
    this.isCa = extensions.isCa || (fields.isVersion1 && isSameName(fields.subject, fields.issuer));
    this.publicKey = this.#readKey(fields.spki, knownKey);
    this.uriNames = this.#textNames("uniformResourceIdentifier");
    this.dnsNames = this.#textNames("dNSName");
    this.ipAddresses = this.#namesOf("iPAddress").map((octets) => ipAddressText(octets) ?? toHex(octets));
    this.subjectKeyIdentifier = extensions.subjectKeyIdentifier;
  }

  /**
   * The identity of an X.509-SVID (§2), present only if exactly one of the names is a URI and that URI is a
   * SPIFFE ID. DNS names may accompany it; names of other kinds may not.
   */
  get spiffeId(): SpiffeId | undefined {
    const [uri, ...more] = this.uriNames;
    const isForeign = this.extensions.names.length !== this.uriNames.length + this.dnsNames.length;
    if (uri === undefined || more.length > 0 || isForeign) return undefined;
    try {
      return parseSpiffeId(uri);
    } catch (error) {
      if (error instanceof PkiError) return undefined;
      throw error;
    }
  }

  /**
   * Whether the other certificate's name and key issued this one. It does not check whether the other was
   * allowed to.
   */
  isIssuedBy(other: Certificate): boolean {
    const { signatureAlgorithm, tbs, signature } = this.fields;
    if (signatureAlgorithm === undefined || !isSameName(this.issuer, other.subject)) return false;
    return isSignedBy(other.publicKey, signatureAlgorithm, tbs, signature);
  }

  equals(other: Certificate): boolean {
    return equalBytes(this.der, other.der);
  }

  toPem(): string {
    return encodePem(label, this.der);
  }

  #readKey(spki: Uint8Array, known: PublicKey | undefined): PublicKey {
    if (this.waivedRule !== undefined) return parseTrustedKey(spki);
    if (known?.isFitForCallers && !this.isCa && equalBytes(known.spki, spki)) return known;
    return this.isCa ? parseAuthorityKey(spki) : parsePublicKey(spki);
  }

  #namesOf(kind: GeneralNameKind): Uint8Array[] {
    const octets: Uint8Array[] = [];
    for (const name of this.extensions.names) if (name.kind === kind) octets.push(name.value);
    return octets;
  }

  #textNames(kind: GeneralNameKind): string[] {
    return this.#namesOf(kind).map(latin1);
  }
}

/**
 * Reads one certificate: DER, or PEM as people write it. @throws PkiError `CERTIFICATE_MALFORMED` or `KEY_REJECTED`
 */
export function parseCertificate(input: string | Uint8Array): Certificate {
  if (typeof input !== "string") return readForeign(input);
  const [certificate, ...more] = parseCertificates(input);
  if (certificate !== undefined && more.length === 0) return certificate;
  throw new PkiError("CERTIFICATE_MALFORMED", `it contains ${more.length + 1} certificates, expected 1`);
}

/**
 * Reads one or more certificates in order, in PEM as people write it. @throws PkiError `CERTIFICATE_MALFORMED` or
 * `KEY_REJECTED`, naming the block
 */
export function parseCertificates(pem: string | Uint8Array): readonly Certificate[] {
  const codes = { PEM_MALFORMED: "CERTIFICATE_MALFORMED", KEY_ENCRYPTED: "CERTIFICATE_MALFORMED" } as const;
  const found = withCodes(codes, () => findCertificates(pem, readForeign));
  if (found.length > 0) return found;
  throw new PkiError("CERTIFICATE_MALFORMED", `it contains no certificate: ${describeOtherContents(pem)}`);
}

/**
 * Reads a root that is only trusted and never signs here. It may have what TLS clients accept in a root but the CA
 * does not in a signer: a serial of 0, version 1, a key on P-521 or Ed25519.
 * @throws PkiError `CERTIFICATE_MALFORMED` or `KEY_REJECTED`
 */
export function parseTrustedRoot(der: Uint8Array): Certificate {
  try {
    return readForeign(der);
  } catch (error) {
    if (!(error instanceof PkiError)) throw error;
    return checkedByOpenSsl(new Certificate(der, { waivedRule: error.message }));
  }
}

/**
 * This parser checks only the fields that it uses and skips the contents of names. TLS libraries read the
 * whole certificate, so OpenSSL must accept it too.
 */
function readForeign(der: Uint8Array): Certificate {
  return checkedByOpenSsl(new Certificate(der));
}

function checkedByOpenSsl(certificate: Certificate): Certificate {
  try {
    new X509Certificate(certificate.der);
    return certificate;
  } catch (cause) {
    throw new PkiError("CERTIFICATE_MALFORMED", "OpenSSL cannot read the certificate", { cause });
  }
}
