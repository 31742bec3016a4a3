import "reflect-metadata";

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
import { toHex } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
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

function leafExtensions(
  { publicKey, subjectAltNames, serverOnly }: LeafTemplate,
  issuerKeyId: Uint8Array | undefined,
): Extension[] {
  const usage = publicKey.algorithm.leafKeyUsage.reduce((set, bit) => set | KeyUsageFlags[bit], 0);
  const names = subjectAltNames.map(({ kind, value }) => ({ type: libraryKinds[kind], value }));
  return [
    once(`usage ${usage}`, () => new KeyUsagesExtension(usage, true)),
    serverOnly ? serverOfTls : bothEndsOfTls,
    noAuthority,
    ...(issuerKeyId === undefined ? [] : [authorityKeyId(toHex(issuerKeyId))]),
    new SubjectAlternativeNameExtension(names, true),
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
