import { createHash } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
} from "@peculiar/x509";
import { toHex } from "../bytes.ts";
import { parseDer } from "../der/reader.ts";
import { constructedTag } from "../der/tag.ts";
import { encode, encodeSequence } from "../der/writer.ts";
import type { PublicKey } from "../keys/public-key.ts";
import { uriTag } from "../names/general-name.ts";
import type { TrustDomain } from "../names/trust-domain.ts";
import { oid } from "../oids.ts";

const signsCertificates = new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true);

/**
 * The extensions of a root. A root is valid for ten years, so it has cRLSign from the start: a later release
 * that signs CRLs could not add the bit to roots that workloads already trust.
 */
export function rootExtensions(publicKey: PublicKey): Extension[] {
  return [
    signsCertificates,
    new BasicConstraintsExtension(true, undefined, true),
    new SubjectKeyIdentifierExtension(toHex(keyIdentifier(publicKey)), false),
  ];
}

/** The extensions of an intermediate that may issue leaves but no further CA. */
export function intermediateExtensions(
  publicKey: PublicKey,
  issuerKeyId: Uint8Array | undefined,
  permitted: TrustDomain | undefined,
): Extension[] {
  return [
    signsCertificates,
    new BasicConstraintsExtension(true, 0, true),
    new SubjectKeyIdentifierExtension(toHex(keyIdentifier(publicKey)), false),
    ...authorityKeyId(issuerKeyId),
    ...(permitted === undefined ? [] : [uriConstraint(permitted)]),
  ];
}

/**
 * The extensions of a cross-certificate. Both key identifiers are copied from the roots: without them, clients
 * cannot tell two roots of one name apart, and reject the chain.
 */
export function crossExtensions(
  rootKeyId: Uint8Array | undefined,
  issuerKeyId: Uint8Array | undefined,
): Extension[] {
  return [
    signsCertificates,
    new BasicConstraintsExtension(true, undefined, true),
    ...(rootKeyId === undefined ? [] : [new SubjectKeyIdentifierExtension(toHex(rootKeyId), false)]),
    ...authorityKeyId(issuerKeyId),
  ];
}

/**
 * permittedSubtrees [0] with one base: a host name without a leading dot permits only that host (RFC 5280
 * §4.2.1.10).
 */
function uriConstraint({ name }: TrustDomain): Extension {
  const base = encode(uriTag, Buffer.from(name, "latin1"));
  const permittedSubtrees = encode(constructedTag(0), encodeSequence(base));
  return new Extension(oid.nameConstraints, true, Buffer.from(encodeSequence(permittedSubtrees)));
}

/** Copied, not recomputed, because other authorities hash their keys in other ways. */
function authorityKeyId(issuerKeyId: Uint8Array | undefined): readonly Extension[] {
  return issuerKeyId === undefined ? [] : [new AuthorityKeyIdentifierExtension(toHex(issuerKeyId), false)];
}

/** The leftmost 160 bits of the SHA-256 of the key's BIT STRING (RFC 7093 §2, method 1). */
function keyIdentifier(publicKey: PublicKey): Uint8Array {
  const [, bits] = parseDer(publicKey.spki).children;
  if (bits === undefined) throw new TypeError("a parsed public key has a BIT STRING");
  return createHash("sha256").update(bits.content.subarray(1)).digest().subarray(0, 20);
}
