import { constructedTag, tag } from "../der/tag.ts";
import { encode, encodeBits, encodeExtension, encodeOid, encodeSequence } from "../der/writer.ts";
import type { KeyPair } from "../keys/key.ts";
import { uriTag } from "../names/general-name.ts";
import type { SpiffeId } from "../names/spiffe-id.ts";
import { oid } from "../oids.ts";
import { encodePem } from "../pem/pem.ts";

/**
 * A PEM CSR in the form that X.509-SVID §3 recommends and every mesh CA accepts: empty subject, the SPIFFE ID
 * as the only name in a critical subjectAltName, signed with its own key.
 */
export function createCertificateRequest(keyPair: KeyPair, spiffeId: SpiffeId): string {
  const info = encodeSequence(
    encode(tag.integer, Uint8Array.of(0)),
    encodeSequence(),
    keyPair.publicKey.spki,
    encode(constructedTag(0), encodeExtensionRequest(spiffeId)),
  );
  const signature = encodeBits(keyPair.sign(info));
  return encodePem(
    "CERTIFICATE REQUEST",
    encodeSequence(info, keyPair.publicKey.algorithm.signature.identifier, signature),
  );
}

function encodeExtensionRequest(spiffeId: SpiffeId): Uint8Array {
  const names = encodeSequence(encode(uriTag, Buffer.from(spiffeId.toString(), "ascii")));
  const extensions = encodeSequence(encodeExtension(oid.subjectAltName, true, names));
  return encodeSequence(encodeOid(oid.extensionRequest), encode(tag.set, extensions));
}
