import { constructedTag, tag } from "../der/tag.ts";
import { encode, encodeBits, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import type { KeyPair } from "../keys/key.ts";
import { oid } from "../oids.ts";
import { encodePem } from "../pem/pem.ts";

/** The subject that the CA asks for. The company's PKI may certify another one. */
export interface RequestedAuthority {
  readonly organization: string;
  readonly commonName: string;
}

/**
 * A PEM CSR (PKCS #10) for an intermediate that issues only leaves: CA:TRUE with path length 0, keyCertSign and
 * cRLSign, signed with its own key.
 */
export function createAuthorityRequest(keyPair: KeyPair, requested: RequestedAuthority): string {
  const { publicKey } = keyPair;
  const info = encodeSequence(
    encode(tag.integer, Uint8Array.of(0)),
    subjectOf(requested),
    publicKey.spki,
    encode(constructedTag(0), extensionRequest()),
  );
  const signature = encodeBits(keyPair.sign(info));
  const { identifier } = publicKey.algorithm.signature;
  return encodePem("CERTIFICATE REQUEST", encodeSequence(info, identifier, signature));
}

function subjectOf({ organization, commonName }: RequestedAuthority): Uint8Array {
  return encodeSequence(attribute(oid.organization, organization), attribute(oid.commonName, commonName));
}

function attribute(type: string, text: string): Uint8Array {
  return encode(tag.set, encodeSequence(encodeOid(type), encode(tag.utf8String, Buffer.from(text))));
}

function extensionRequest(): Uint8Array {
  const isCa = encode(tag.boolean, Uint8Array.of(0xff));
  const pathLength = encode(tag.integer, Uint8Array.of(0));
  const extensions = encodeSequence(
    encodeExtension(oid.basicConstraints, true, encodeSequence(isCa, pathLength)),
    encodeExtension(oid.keyUsage, true, encode(tag.bitString, Uint8Array.of(0x01, 0x06))),
  );
  return encodeSequence(encodeOid(oid.extensionRequest), encode(tag.set, extensions));
}
