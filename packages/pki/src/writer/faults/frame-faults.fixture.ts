import { parseDer } from "../../der/reader.ts";
import { tag } from "../../der/tag.ts";
import { encode, encodeBits, encodeSequence } from "../../der/writer.ts";
import { type Fault, newKey, signedBy } from "./planted-leaf.fixture.ts";

const notSigned = /signature is the issuer's/;
const other = newKey().privateKey;

/** The signature of a good certificate, with its octets changed. */
function changed(change: (signature: Uint8Array) => Uint8Array): Fault {
  return ({ signature }) => ({
    signature: (content) => encodeBits(change(parseDer(signature(content)).content.subarray(1))),
  });
}

function flipped(signature: Uint8Array): Uint8Array {
  const [r, s] = parseDer(signature).children.map(({ content }) => Uint8Array.from(content));
  if (r === undefined || s === undefined) throw new TypeError("an ECDSA signature has two numbers");
  s[s.length - 1] = (s.at(-1) ?? 0) ^ 1;
  return encodeSequence(encode(tag.integer, r), encode(tag.integer, s));
}

/** A second encoding of the same two numbers. */
function padded(signature: Uint8Array): Uint8Array {
  const [r, s] = parseDer(signature).children.map(({ content }) => content);
  if (r === undefined || s === undefined) throw new TypeError("an ECDSA signature has two numbers");
  return encodeSequence(encode(tag.integer, Uint8Array.of(0), r), encode(tag.integer, s));
}

/** The whole with its length, a SEQUENCE of more than 255 octets, in another form. */
function relengthened(length: (content: Uint8Array) => readonly number[]): Fault {
  return () => ({
    whole: (der) => {
      const content = parseDer(der).content;
      return Buffer.concat([Uint8Array.of(tag.sequence, ...length(content)), content]);
    },
  });
}

/** Faults in the signature and around the content, each with the rule that must name it. */
export const frameFaults: Readonly<Record<string, readonly [rule: RegExp, fault: Fault]>> = {
  "the signature of another key": [notSigned, () => ({ signature: signedBy({ key: other }) })],
  "a signature over other octets": [
    notSigned,
    () => ({ signature: (content) => signedBy()(content.subarray(4)) }),
  ],
  "a signature over another hash": [notSigned, () => ({ signature: signedBy({ hash: "sha512" }) })],
  "a signature with one bit changed": [notSigned, changed(flipped)],
  "a signature in a second encoding": [notSigned, changed(padded)],
  "an empty signature": [notSigned, changed(() => new Uint8Array())],
  "a signature in raw form": [notSigned, () => ({ signature: signedBy({ dsaEncoding: "ieee-p1363" }) })],
  "a signature with unused bits": [
    /BIT STRING has wrong unused bits|does not contain whole octets/,
    ({ signature }) => ({
      signature: (content) => {
        const bits = Uint8Array.from(parseDer(signature(content)).content);
        bits[0] = 1;
        return encode(tag.bitString, bits);
      },
    }),
  ],
  "a length with a leading zero": [
    /length is not minimal/,
    relengthened(({ length }) => [0x83, 0, length >> 8, length & 0xff]),
  ],
  "an indefinite length": [/indefinite or too large/, relengthened(() => [0x80])],
  "a length one too long": [
    /truncated/,
    relengthened(({ length }) => [0x82, (length + 1) >> 8, (length + 1) & 0xff]),
  ],
  "a length one too short": [
    /./,
    relengthened(({ length }) => [0x82, (length - 1) >> 8, (length - 1) & 0xff]),
  ],
  "an octet after its end": [
    /bytes after the structure/,
    () => ({ whole: (der) => Buffer.concat([der, Uint8Array.of(0)]) }),
  ],
  "its last octet missing": [/truncated/, () => ({ whole: (der) => der.subarray(0, -1) })],
  "an element after the signature": [
    /Certificate has too many elements/,
    () => ({ whole: (der) => encodeSequence(parseDer(der).content, encode(tag.null)) }),
  ],
};
