import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** The keys of roots that companies have, beyond those that the CA signs with. */
type OddKey = "P-256" | "P-384" | "P-521" | "ed25519" | "ml-dsa-44" | "rsa-1024" | "rsa-2048";

/** A certificate that our writer would never create. */
export interface OddOrder {
  readonly commonName: string;
  /** Default: the key itself, so the certificate is a root. */
  readonly issuer?: OddCertificate;
  readonly key?: OddKey;
  readonly version?: 1 | 3;
  /** The content octets of the INTEGER. */
  readonly serial?: Uint8Array;
  readonly isCa?: boolean;
  /** Identifier octet of the common name's string type. Default: UTF8String. */
  readonly nameTag?: number;
  /** Replaces the public key with the SubjectPublicKeyInfo of another one. */
  readonly spki?: Uint8Array;
  /** Alternative names, each a URI. */
  readonly uris?: readonly string[];
}

/** The DER of such a certificate with its private key. */
export interface OddCertificate {
  readonly der: Uint8Array;
  readonly pem: string;
  readonly key: KeyObject;
  readonly subject: Uint8Array;
}

/** Creates a certificate that is valid from 2020 to 2045, signed by itself or by its issuer. */
export function createOddCertificate(order: OddOrder): OddCertificate {
  const { commonName, version = 3, serial = Uint8Array.of(1), isCa = true, nameTag = 0x0c } = order;
  const { privateKey, publicKey } = newKey(order.key ?? "P-256");
  const attribute = sequence(oid("550403"), element(nameTag, Buffer.from(commonName)));
  const subject = sequence(element(0x31, attribute));
  const issuer = order.issuer ?? { key: privateKey, subject };
  const algorithm = algorithmOf(issuer.key);
  const constraints = sequence(
    oid("551d13"),
    octets(sequence(...(isCa ? [element(0x01, Buffer.of(0xff))] : []))),
  );
  const names = (order.uris ?? []).map((uri) => element(0x86, Buffer.from(uri)));
  const alternative = names.length === 0 ? [] : [sequence(oid("551d11"), octets(sequence(...names)))];
  const tbs = sequence(
    ...(version === 3 ? [element(0xa0, element(0x02, Buffer.of(2)))] : []),
    element(0x02, Buffer.from(serial)),
    algorithm,
    Buffer.from(issuer.subject),
    sequence(time("200101000000Z"), time("450101000000Z")),
    subject,
    Buffer.from(order.spki ?? publicKey.export({ format: "der", type: "spki" })),
    ...(version === 3 ? [element(0xa3, sequence(constraints, ...alternative))] : []),
  );
  const signature = sign(hashOf(issuer.key), tbs, issuer.key);
  const der = sequence(tbs, algorithm, element(0x03, Buffer.concat([Buffer.of(0), signature])));
  return { der, pem: pemOf(der), key: privateKey, subject };
}

function newKey(key: OddKey): { privateKey: KeyObject; publicKey: KeyObject } {
  if (key === "ed25519") return generateKeyPairSync("ed25519");
  if (key === "ml-dsa-44") return generateKeyPairSync("ml-dsa-44");
  if (key.startsWith("P-")) return generateKeyPairSync("ec", { namedCurve: key });
  return generateKeyPairSync("rsa", { modulusLength: Number(key.slice("rsa-".length)) });
}

function algorithmOf(key: KeyObject): Buffer {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  if (key.asymmetricKeyType === "ec")
    return sequence(oid(`2a8648ce3d0403${ecHash(key) === "sha512" ? "04" : "02"}`));
  if (key.asymmetricKeyType === "rsa") return sequence(oid("2a864886f70d01010b"), Buffer.of(5, 0));
  // The algorithm of the key and of its signatures is the same: the first element of the key's own identifier.
  const start = (spki[1] ?? 0) < 0x80 ? 2 : 2 + ((spki[1] ?? 0) & 0x7f);
  return spki.subarray(start, start + 2 + (spki[start + 1] ?? 0));
}

function hashOf(key: KeyObject): string | null {
  if (key.asymmetricKeyType === "rsa") return "sha256";
  return key.asymmetricKeyType === "ec" ? ecHash(key) : null;
}

function ecHash(key: KeyObject): string {
  return key.asymmetricKeyDetails?.namedCurve === "secp521r1" ? "sha512" : "sha256";
}

function pemOf(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function time(text: string): Buffer {
  return element(0x17, Buffer.from(text));
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex, "hex"));
}

function octets(content: Buffer): Buffer {
  return element(0x04, content);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(parts));
}

function element(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}
