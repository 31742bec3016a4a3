// Invalid signatures, and one that looks invalid but is not.

import { sign } from "node:crypto";
import { type Case, frontend, group, rejected } from "./case.ts";
import { type KeyName, privateKey, signAs } from "./keys.ts";
import { base64url, mint, partsOf, respelled } from "./minting.ts";

const good = mint();
const other = mint({ claims: { sub: "system:serviceaccount:prod:bank" } });
const [header, payload, signature] = partsOf(good);
const attacker = "an attacker's P-256";

const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const ed25519Order = (1n << 252n) + 27742317777372353535851937790883648493n;
const scalar = (value: bigint) => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
const numberOf = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex")}`);
const zero = Buffer.alloc(32);

/** The token with its own signature encoded in another way. */
const resigned = (change: (r: Buffer, s: Buffer) => readonly Uint8Array[], key: KeyName = "es256") =>
  mint({
    key,
    sign: (input) => {
      const raw = signAs(key === "eddsa" ? "EdDSA" : "ES256", key, input);
      return Buffer.concat(change(raw.subarray(0, 32), raw.subarray(32)));
    },
  });
const withRsa = (change: (genuine: Buffer) => Uint8Array) =>
  mint({ key: "rs256", sign: (input) => change(signAs("RS256", "rs256", input)) });
const instead = (key: KeyName, alg: string, bytes: (input: Buffer) => Uint8Array = (input) => input) =>
  mint({ sign: (input) => signAs(alg, key, bytes(input)) });

const forged = group("signatures", rejected, {
  "signed by an attacker under a known kid": mint({ key: attacker, header: { kid: "es256" } }),
  "signed by an attacker under its own kid": mint({ key: attacker }),
  "signed with RSA by an attacker": mint({ key: "an attacker's RSA", header: { kid: "rs256" } }),
  "signed by the other key of the key set": instead("es256-other", "ES256"),
  "signed by the P-384 key of the key set": instead("es384", "ES384"),
  "signed by the RSA key of the key set": instead("rs256", "RS256"),
  "signed over only the payload": instead("es256", "ES256", () => Buffer.from(payload)),
  "signed over the decoded parts": instead("es256", "ES256", () =>
    Buffer.from([header, payload].map((part) => Buffer.from(part, "base64url").toString()).join(".")),
  ),
  "signed over the parts and another dot": instead("es256", "ES256", (input) =>
    Buffer.concat([input, Buffer.of(0x2e)]),
  ),
  "signed over an empty message": instead("es256", "ES256", () => Buffer.alloc(0)),
  "signed with SHA-384 as ES256": instead("es256", "ES384"),
  "the signature of another token": [header, payload, partsOf(other)[2]].join("."),
  "the claims of another token": [header, partsOf(other)[1], signature].join("."),
  "the header of another key": [base64url('{"alg":"ES256","kid":"es256-other"}'), payload, signature].join(
    ".",
  ),
  "a signature of one octet": [header, payload, "AA"].join("."),
  "a signature cut in half": respelled(good, 2, (part) => part.slice(0, part.length / 2)),
  "a signature without its last octet": resigned((r, s) => [r, s.subarray(0, 31)]),
  "a signature with a trailing octet": resigned((r, s) => [r, s, Buffer.of(0)]),
  "a signature with a leading octet": resigned((r, s) => [Buffer.of(0), r, s]),
  "a signature twice": resigned((r, s) => [r, s, r, s]),
  "a signature of ten thousand octets": resigned((r, s) => [r, s, Buffer.alloc(10_000)]),
  "a signature of zeros": resigned(() => [zero, zero]),
  "a signature with r = 0": resigned((_, s) => [zero, s]),
  "a signature with s = 0": resigned((r) => [r, zero]),
  "a signature with r = 1 and s = 1": resigned(() => [scalar(1n), scalar(1n)]),
  "a signature with r equal to the group order": resigned((_, s) => [scalar(order), s]),
  "a signature with s equal to the group order": resigned((r) => [r, scalar(order)]),
  "a signature of ones": resigned(() => [Buffer.alloc(64, 0xff)]),
  "a signature with r and s swapped": resigned((r, s) => [s, r]),
  "a signature in DER": mint({ sign: (input) => signDer(input) }),
  "a signature of two zeros in DER": mint({ sign: () => Buffer.from("3006020100020100", "hex") }),
  "a signature of the length of ES384": resigned((r, s) => [Buffer.alloc(16), r, Buffer.alloc(16), s]),
});

const otherKinds = group("signatures", rejected, {
  "an RSA signature of zeros": withRsa((genuine) => Buffer.alloc(genuine.length)),
  "an RSA signature of 1": withRsa((genuine) =>
    Buffer.concat([Buffer.alloc(genuine.length - 1), Buffer.of(1)]),
  ),
  "an RSA signature with a leading octet": withRsa((genuine) => Buffer.concat([Buffer.of(0), genuine])),
  "an RSA signature with a trailing octet": withRsa((genuine) => Buffer.concat([genuine, Buffer.of(0)])),
  "an RSA signature without its last octet": withRsa((genuine) => genuine.subarray(0, -1)),
  "an Ed25519 signature of zeros": resigned(() => [zero, zero], "eddsa"),
  "an Ed25519 signature with s above the group order": resigned(
    (r, s) => [r, scalar(numberOf(Buffer.from(s).reverse()) + ed25519Order).reverse()],
    "eddsa",
  ),
  "an Ed25519 signature of the identity": resigned(() => [Buffer.of(1), Buffer.alloc(63)], "eddsa"),
  "an Ed25519 signature that is too short": resigned((r, s) => [r, s.subarray(0, 31)], "eddsa"),
});

/** JWS does not require the lower of the two valid s values, so a token cannot be identified by its text. */
const malleable = group("signatures", frontend, {
  "the higher s": resigned((r, s) => [r, scalar(maxOf(numberOf(s), order - numberOf(s)))]),
  "the lower s": resigned((r, s) => [r, scalar(order - maxOf(numberOf(s), order - numberOf(s)))]),
});

const strides = [4, 16, 5];
const flips = group(
  "bit flips",
  rejected,
  Object.fromEntries(
    ["header", "payload", "signature"].flatMap((name, index) => {
      const octets = Buffer.from(partsOf(good)[index] ?? "", "base64url");
      const stride = strides[index] ?? 1;
      return Array.from({ length: Math.ceil(octets.length / stride) }, (_, step) => step * stride).map(
        (at) => [
          `bit ${at % 8} of octet ${at} of the ${name} flipped`,
          respelled(good, index, () => flipped(octets, at)),
        ],
      );
    }),
  ),
);

export const signatures: readonly Case[] = [...forged, ...otherKinds, ...malleable, ...flips];

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function flipped(octets: Buffer, at: number): string {
  const copy = Buffer.from(octets);
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return base64url(copy);
}

function signDer(input: Buffer): Buffer {
  return sign("sha256", input, { key: privateKey("es256"), dsaEncoding: "der" });
}
