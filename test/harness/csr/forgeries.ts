// Keys that must not be certified, and invalid signatures.

import {
  algorithmOf,
  type Bytes,
  bits,
  hex,
  indefinite,
  integer,
  type KeyName,
  key,
  nothing,
  oid,
  oids,
  requestPem,
  sequence,
  signatureOf,
  spkiOf,
} from "@kasbah/testkit/csr";
import { type Case, group } from "./cases.ts";

const ecKey = (curve: string, point: Uint8Array) =>
  sequence(sequence(oid("1.2.840.10045.2.1"), oid(curve)), bits(point));
const rsaKey = (modulus: string, exponent: string) =>
  sequence(
    sequence(oid("1.2.840.113549.1.1.1"), nothing()),
    bits(sequence(integer(modulus), integer(exponent))),
  );
const p256 = "1.2.840.10045.3.1.7";
const p384 = "1.3.132.0.34";
const modulus = (name: KeyName) =>
  Buffer.from(String(key(name).publicKey.export({ format: "jwk" }).n), "base64url").toString("hex");
const point = () => {
  const { x, y } = key("P-256").publicKey.export({ format: "jwk" });
  return { x: Buffer.from(String(x), "base64url"), y: Buffer.from(String(y), "base64url") };
};
const uncompressed = (x: Uint8Array, y: Uint8Array) => Buffer.concat([Buffer.of(4), x, y]);
const withKey = (spki: Bytes) => requestPem({ spki });
const withRsa = (spki: Bytes) => requestPem({ key: "RSA-2048", spki });
/** The group order and the field prime of P-256. */
const order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const prime = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const small = (value: number) => Buffer.concat([Buffer.alloc(31), Buffer.of(value)]);

const { x, y } = point();
const n2048 = modulus("RSA-2048");

/** r and s of a valid signature, to be encoded in other ways. */
function scalars(signature: Bytes): { r: string; s: string } {
  const rLength = signature[3] ?? 0;
  const r = signature.subarray(4, 4 + rLength).toString("hex");
  const s = signature.subarray(6 + rLength).toString("hex");
  return { r, s };
}
const resigned = (change: (parts: { r: string; s: string }, genuine: Bytes) => Bytes) =>
  requestPem({
    sign: (info) => {
      const genuine = signatureOf("P-256", info);
      return change(scalars(genuine), genuine);
    },
  });
const raw = (digits: string) => Buffer.concat([Buffer.of(2, digits.length / 2), hex(digits)]);

export const forgeries: readonly Case[] = [
  ...group("CSR_KEY_REJECTED", {
    "with P-224": requestPem({ key: "P-224" }),
    "with P-521": requestPem({ key: "P-521" }),
    "with secp256k1": requestPem({ key: "secp256k1" }),
    "with brainpoolP256r1": requestPem({ key: "brainpoolP256r1" }),
    "with explicit curve parameters": requestPem({ key: "P-256 explicit" }),
    "with Ed25519": requestPem({ key: "Ed25519" }),
    "with X25519": requestPem({ key: "X25519" }),
    "with DSA": requestPem({ key: "DSA" }),
    "with an RSA-PSS key": requestPem({ key: "RSA-PSS" }),
    "with RSA-1024": requestPem({ key: "RSA-1024" }),
    "with an RSA modulus of 2047 bits": requestPem({ key: "RSA-2047" }),
    "with an RSA exponent of 3": requestPem({ key: "RSA-2048 e=3" }),
    "with an RSA exponent of 1": withRsa(rsaKey(n2048, "01")),
    "with an RSA exponent of 0": withRsa(rsaKey(n2048, "00")),
    "with an even RSA exponent": withRsa(rsaKey(n2048, "010000")),
    "with an RSA exponent as long as its modulus": withRsa(rsaKey(n2048, n2048)),
    "with a negative RSA exponent": withRsa(
      sequence(
        sequence(oid("1.2.840.113549.1.1.1"), nothing()),
        bits(sequence(integer(n2048), hex("0201ff"))),
      ),
    ),
    "with an even RSA modulus": withRsa(rsaKey(`${n2048.slice(0, -2)}00`, "010001")),
    "with an RSA modulus of 0": withRsa(rsaKey("00", "010001")),
    "with an RSA modulus of 32768 bits": withRsa(rsaKey("f".repeat(8192), "010001")),
    "with an RSA key without algorithm parameters": withRsa(
      sequence(sequence(oid("1.2.840.113549.1.1.1")), bits(sequence(integer(n2048), integer("010001")))),
    ),
    "with a point that is not on its curve": withKey(ecKey(p256, uncompressed(x, small(1)))),
    "with the point at infinity": withKey(ecKey(p256, Buffer.of(0))),
    "with a compressed point": withKey(ecKey(p256, Buffer.concat([Buffer.of(2 + ((y[31] ?? 0) & 1)), x]))),
    "with a hybrid point": withKey(ecKey(p256, Buffer.concat([Buffer.of(6 + ((y[31] ?? 0) & 1)), x, y]))),
    "with a point of zeros": withKey(ecKey(p256, uncompressed(Buffer.alloc(32), Buffer.alloc(32)))),
    "with a coordinate above the prime": withKey(ecKey(p256, uncompressed(hex(prime), y))),
    "with a point that is too short": withKey(ecKey(p256, uncompressed(x, y.subarray(1)))),
    "with a point that is too long": withKey(ecKey(p256, Buffer.concat([uncompressed(x, y), Buffer.of(0)]))),
    "with an empty point": withKey(ecKey(p256, Buffer.alloc(0))),
    "with a point of P-256 on P-384": withKey(ecKey(p384, uncompressed(x, y))),
    "with an unknown curve": withKey(ecKey("1.2.3.4", uncompressed(x, y))),
    "with an EC key without curve parameters": withKey(
      sequence(sequence(oid("1.2.840.10045.2.1")), bits(uncompressed(x, y))),
    ),
    "with implicit curve parameters": withKey(
      sequence(sequence(oid("1.2.840.10045.2.1"), nothing()), bits(uncompressed(x, y))),
    ),
    "with an unknown algorithm": withKey(sequence(sequence(oid("1.2.3.4")), bits(uncompressed(x, y)))),
  }),
  ...group("CSR_SIGNATURE_INVALID", {
    "signed by another key": requestPem({
      spki: spkiOf("P-256"),
      sign: (info) => signatureOf("secp256k1", info),
    }),
    "with the key replaced after signing": requestPem({ key: "RSA-2048", spki: spkiOf("RSA-3072") }),
    "signed over other bytes": requestPem({
      sign: (info) => signatureOf("P-256", Buffer.concat([info, Buffer.of(0)])),
    }),
    "signed over an empty message": requestPem({ sign: () => signatureOf("P-256", Buffer.alloc(0)) }),
    "without a signature": requestPem({ sign: () => Buffer.alloc(0) }),
    "with a signature of zeros": requestPem({ sign: () => Buffer.alloc(71) }),
    "with r and s zero, as in CVE-2022-21449": resigned(() => sequence(integer("00"), integer("00"))),
    "with r zero": resigned(({ s }) => sequence(integer("00"), raw(s))),
    "with s zero": resigned(({ r }) => sequence(raw(r), integer("00"))),
    "with r equal to the group order": resigned(({ s }) => sequence(integer(order), raw(s))),
    "with s equal to the group order": resigned(({ r }) => sequence(raw(r), integer(order))),
    "with a negative r": resigned(({ s }) => sequence(hex("0201ff"), raw(s))),
    "with r in more octets than necessary": resigned(({ r, s }) => sequence(raw(`0000${r}`), raw(s))),
    "with bytes after s": resigned((_, genuine) => Buffer.concat([genuine, Buffer.of(0)])),
    "with a third integer": resigned(({ r, s }) => sequence(raw(r), raw(s), integer("01"))),
    "with one integer": resigned(({ r }) => sequence(raw(r))),
    "with a signature in BER": resigned(({ r, s }) => indefinite(0x30, raw(r), raw(s))),
    "with r and s concatenated, as in WebCrypto": resigned(({ r, s }) =>
      Buffer.concat([hex(r.slice(-64).padStart(64, "0")), hex(s.slice(-64).padStart(64, "0"))]),
    ),
    "with RSA, signed with SHA-1": requestPem({
      key: "RSA-2048",
      algorithm: sequence(oid(oids.sha1WithRsa), nothing()),
    }),
    "with RSA, signed with MD5": requestPem({
      key: "RSA-2048",
      algorithm: sequence(oid(oids.md5WithRsa), nothing()),
    }),
    "with RSA, declared as PSS": requestPem({
      key: "RSA-2048",
      algorithm: sequence(oid(oids.rsaPss), sequence()),
    }),
    "with RSA, declared as ECDSA": requestPem({ key: "RSA-2048", algorithm: algorithmOf("P-256") }),
    "with EC, declared as RSA": requestPem({ algorithm: algorithmOf("RSA-2048") }),
    "with EC, signed with SHA-1": requestPem({ algorithm: sequence(oid(oids.ecdsaWithSha1)) }),
    "declared as SHA-384 but signed with SHA-256": requestPem({
      algorithm: sequence(oid(oids.ecdsaWithSha384)),
    }),
    "with EC and NULL algorithm parameters": requestPem({
      algorithm: sequence(oid(oids.ecdsaWithSha256), nothing()),
    }),
    "with RSA and no algorithm parameters": requestPem({
      key: "RSA-2048",
      algorithm: sequence(oid(oids.sha256WithRsa)),
    }),
    "signed with an unknown algorithm": requestPem({ algorithm: sequence(oid("1.2.3.4")) }),
    "with an RSA signature that is one octet short": requestPem({
      key: "RSA-2048",
      sign: (info) => signatureOf("RSA-2048", info).subarray(1),
    }),
    "with an RSA signature of zeros": requestPem({ key: "RSA-2048", sign: () => Buffer.alloc(256) }),
  }),
];
