import { createHmac, hash } from "node:crypto";
import { constructedTag, tag } from "../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../der/writer.ts";
import { encodeCount } from "../keys/encryption/encrypted-key.ts";
import { oid } from "../oids.ts";
import { bmp } from "./safe-bag.ts";

/** The rounds of both key derivations, as in Java 17. */
export const iterations = 10_000;

/** The block size of SHA-256, to which RFC 7292 fills salt and password. */
const block = 64;
/** The purpose of a derived key that authenticates the file (RFC 7292 appendix B.3). */
const macPurpose = 3;

/**
 * A PFX (RFC 7292 §4) whose contents an HMAC with SHA-256 authenticates under the password. Each list of bags
 * is a content of its own.
 */
export function encodePfx(
  contents: readonly (readonly Uint8Array[])[],
  password: string,
  salt: Uint8Array,
): Uint8Array {
  const safe = encodeSequence(...contents.map((bags) => dataOf(encodeSequence(...bags))));
  const mac = createHmac("sha256", deriveMacKey(password, salt)).update(safe).digest();
  const algorithm = encodeSequence(encodeOid(oid.sha256), encode(tag.null));
  const macData = encodeSequence(
    encodeSequence(algorithm, encode(tag.octetString, mac)),
    encode(tag.octetString, salt),
    encodeCount(iterations),
  );
  return encodeSequence(encodeCount(3), dataOf(safe), macData);
}

/** ContentInfo of plain data (RFC 5652 §4). */
function dataOf(content: Uint8Array): Uint8Array {
  return encodeSequence(
    encodeOid(oid.pkcs7Data),
    encode(constructedTag(0), encode(tag.octetString, content)),
  );
}

/** The derivation of RFC 7292 appendix B.2, of which one digest is enough here. */
function deriveMacKey(password: string, salt: Uint8Array): Uint8Array {
  const secret = Buffer.concat([bmp(password), Buffer.of(0, 0)]);
  let digest: Uint8Array = Buffer.concat([Buffer.alloc(block, macPurpose), fill(salt), fill(secret)]);
  for (let round = 0; round < iterations; round += 1) digest = hash("sha256", digest, "buffer");
  return digest;
}

/** Repeats octets up to the next whole number of blocks. */
function fill(octets: Uint8Array): Buffer {
  return Buffer.alloc(Math.ceil(octets.length / block) * block, octets);
}
