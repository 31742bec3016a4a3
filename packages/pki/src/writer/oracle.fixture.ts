import "reflect-metadata";

import { X509Certificate } from "node:crypto";
import { Crypto } from "@peculiar/webcrypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { equalBytes, toHex } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { parseDer } from "../der/reader.ts";
import { oid } from "../oids.ts";
import type { LeafTemplate } from "./templates.ts";
import { encodeToBeSigned } from "./to-be-signed.ts";

const crypto = new Crypto();
const libraryKinds = { uri: "url", dns: "dns", ip: "ip" } as const;

/** What @peculiar/x509 encodes for a leaf: everything but the signature. The tests of our encoder compare with it. */
export async function encodeByLibrary(template: LeafTemplate, issuer: Certificate): Promise<Uint8Array> {
  const { serial, validity, publicKey, commonName } = template;
  const { tbsCertificate } = await encodeToBeSigned(
    {
      ...validity,
      serialNumber: toHex(serial),
      publicKey: Uint8Array.from(publicKey.spki),
      ...(commonName === undefined ? {} : { subject: new Name([{ CN: [{ utf8String: commonName }] }]) }),
      issuer: new Name(Buffer.from(issuer.subject)),
      extensions: leafExtensions(template, issuer.subjectKeyIdentifier),
    },
    issuer.publicKey,
    crypto,
  );
  return tbsCertificate;
}

/**
 * Whether a certificate is the one that the library writes, apart from the octets of its signature, which
 * OpenSSL verifies: the library accepts a second encoding of it.
 */
export async function isAsByLibrary(
  der: Uint8Array,
  template: LeafTemplate,
  issuer: Certificate,
): Promise<boolean> {
  try {
    const [tbs, algorithm, ...rest] = parseDer(der).children.map(({ raw }) => raw);
    if (tbs === undefined || algorithm === undefined || rest.length !== 1) return false;
    const { identifier } = issuer.publicKey.algorithm.signature;
    if (!equalBytes(algorithm, identifier)) return false;
    if (!equalBytes(tbs, await encodeByLibrary(template, issuer))) return false;
    return new X509Certificate(der).verify(issuer.publicKey.keyObject);
  } catch {
    // A certificate that cannot be read is not the one of the library.
    return false;
  }
}

function leafExtensions(
  { publicKey, subjectAltNames, serverOnly, commonName }: LeafTemplate,
  issuerKeyId: Uint8Array | undefined,
): Extension[] {
  const usage = publicKey.algorithm.leafKeyUsage.reduce((set, bit) => set | KeyUsageFlags[bit], 0);
  const names = subjectAltNames.map(({ kind, value }) => ({ type: libraryKinds[kind], value }));
  return [
    once(`usage ${usage}`, () => new KeyUsagesExtension(usage, true)),
    serverOnly ? serverOfTls : bothEndsOfTls,
    noAuthority,
    ...(issuerKeyId === undefined ? [] : [authorityKeyId(toHex(issuerKeyId))]),
    new SubjectAlternativeNameExtension(names, commonName === undefined),
  ];
}

const bothEndsOfTls = new ExtendedKeyUsageExtension([oid.serverAuth, oid.clientAuth], false);
const serverOfTls = new ExtendedKeyUsageExtension([oid.serverAuth], false);
const noAuthority = new BasicConstraintsExtension(false, undefined, true);

function authorityKeyId(keyId: string): Extension {
  return once(`key ${keyId}`, () => new AuthorityKeyIdentifierExtension(keyId, false));
}

const made = new Map<string, Extension>();

/** The library takes long to encode an extension and to parse it again. */
function once(name: string, make: () => Extension): Extension {
  const extension = made.get(name) ?? make();
  made.set(name, extension);
  return extension;
}
