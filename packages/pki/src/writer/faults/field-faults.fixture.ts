import { createPublicKey } from "node:crypto";
import { constructedTag, primitiveTag, tag } from "../../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../../der/writer.ts";
import { hex, nameOf } from "../../forge.fixture.ts";
import { oid } from "../../oids.ts";
import { type Fault, newKey, order, signedBy, spiffeId } from "./planted-leaf.fixture.ts";

const integer = (digits: string) => encode(tag.integer, hex(digits));
const time = (identifier: number, text: string) => encode(identifier, Buffer.from(text));
const times = (begin: string, end: string) =>
  encodeSequence(time(tag.utcTime, begin), time(tag.utcTime, end));
const [begin, end] = ["291231235400Z", "300101010000Z"];
const random = Buffer.from(order.serial).toString("hex");
const ecdsaWithSha384 = encodeSequence(encodeOid(oid.ecdsaWithSha384));
const text = spiffeId.toString();
const wide = Buffer.from(text, "utf16le").swap16();

const otherKey = newKey();
const compressed = (() => {
  const { x = "", y = "" } = createPublicKey(otherKey.privateKey).export({ format: "jwk" });
  const parity = 2 + ((Buffer.from(y, "base64url").at(-1) ?? 0) & 1);
  return Buffer.concat([Uint8Array.of(0, parity), Buffer.from(x, "base64url")]);
})();
const ecIdentifier = order.publicKey.algorithm.identifier;

/** Faults in the fields before the extensions, each with the rule that must name it. */
export const fieldFaults: Readonly<Record<string, readonly [rule: RegExp, fault: Fault]>> = {
  "version 1": [/version is not 3/, () => ({ version: hex("a003020100") })],
  "no version": [/no version/, () => ({ version: new Uint8Array() })],
  "a negative serial": [/not positive/, () => ({ serial: integer(`80${random.slice(2)}`) })],
  "a serial of 0": [/not positive/, () => ({ serial: integer("00") })],
  "a serial with a spare zero": [
    /INTEGER is empty or not minimal/,
    () => ({ serial: integer(`0000${random}`) }),
  ],
  "a serial of 21 octets": [/longer than 20 octets/, () => ({ serial: integer(`01${"ab".repeat(20)}`) })],
  "a short serial": [/serial is the intended one/, () => ({ serial: integer("01") })],
  "another random serial": [/serial is the intended one/, () => ({ serial: integer("11".repeat(16)) })],
  "another algorithm inside than outside": [
    /two signature algorithms differ/,
    () => ({ innerAlgorithm: ecdsaWithSha384 }),
  ],
  "an algorithm with NULL parameters": [
    /signature algorithm is that of the signer's key/,
    () => {
      const identifier = encodeSequence(encodeOid(oid.ecdsaWithSha256), encode(tag.null));
      return { innerAlgorithm: identifier, outerAlgorithm: identifier };
    },
  ],
  "SHA-384 under a P-256 key, signed so": [
    /signature algorithm is that of the signer's key/,
    () => ({
      innerAlgorithm: ecdsaWithSha384,
      outerAlgorithm: ecdsaWithSha384,
      signature: signedBy({ hash: "sha384" }),
    }),
  ],
  "an issuer as PrintableString": [
    /issuer is the signer's subject/,
    () => ({ issuer: nameOf(oid.organization, "cluster.local", tag.printableString) }),
  ],
  "an empty issuer": [/issuer is the signer's subject/, () => ({ issuer: encodeSequence() })],
  "its own subject as the issuer": [/issuer is the signer's subject/, ({ subject }) => ({ issuer: subject })],
  "swapped times": [/validity is the approved one/, () => ({ validity: times(end, begin) })],
  "an expiry one second late": [
    /validity is the approved one/,
    () => ({ validity: times(begin, "300101010001Z") }),
  ],
  "a start one second early": [
    /validity is the approved one/,
    () => ({ validity: times("291231235359Z", end) }),
  ],
  "an expiry after its issuer's": [
    /validity is the approved one/,
    () => ({ validity: times(begin, "410101000000Z") }),
  ],
  "a time without seconds": [/not in the form/, () => ({ validity: times("2912312354Z", end) })],
  "a time with an offset": [/not in the form/, () => ({ validity: times("291231235400+0000", end) })],
  "a time with a fraction": [
    /not in the form/,
    () => ({
      validity: encodeSequence(time(tag.utcTime, begin), time(tag.generalizedTime, "20300101010000.5Z")),
    }),
  ],
  "a time that does not exist": [/time does not exist/, () => ({ validity: times("290231235400Z", end) })],
  "a GeneralizedTime before 2050": [
    /validity is the approved one/,
    () => ({
      validity: encodeSequence(time(tag.utcTime, begin), time(tag.generalizedTime, "20300101010000Z")),
    }),
  ],
  "a third time": [
    /Validity has too many elements/,
    () => ({
      validity: encodeSequence(...[begin, end, end].map((each) => time(tag.utcTime, each))),
    }),
  ],
  "an empty subject, although a common name is approved": [
    /subject is empty or the identity/,
    () => ({ subject: encodeSequence() }),
  ],
  "another common name": [
    /subject is empty or the identity/,
    () => ({ subject: nameOf(oid.commonName, "admin") }),
  ],
  "a common name as BMPString": [
    /subject is empty or the identity/,
    () => ({
      subject: encodeSequence(encode(tag.set, encodeSequence(encodeOid(oid.commonName), encode(0x1e, wide)))),
    }),
  ],
  "a common name as PrintableString": [
    /subject is empty or the identity/,
    () => ({ subject: nameOf(oid.commonName, text, tag.printableString) }),
  ],
  "the identity as an organization": [
    /subject is empty or the identity/,
    () => ({ subject: nameOf(oid.organization, text) }),
  ],
  "another key": [/key is the requester's/, () => ({ spki: otherKey.spki })],
  "a compressed point": [
    /not in uncompressed form/,
    () => ({ spki: encodeSequence(ecIdentifier, encode(tag.bitString, compressed)) }),
  ],
  "a unique identifier of the subject": [
    /TBSCertificate has too many elements/,
    () => ({ uniqueIds: encode(primitiveTag(2), hex("00ab")) }),
  ],
  "an element after the extensions": [
    /TBSCertificate has too many elements/,
    ({ extensions }) => ({ uniqueIds: encode(constructedTag(3), encodeSequence(...extensions)) }),
  ],
};
