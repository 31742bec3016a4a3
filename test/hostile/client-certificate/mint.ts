// Certificates with the CA's own profile, any part of which can be replaced by something that the CA would
// never write.

import { createPrivateKey, sign } from "node:crypto";
import { createWorkloadSerial } from "@kasbah/pki";
import type { Signer } from "@kasbah/pki/certificate-writer";
import {
  type Bytes,
  bits,
  extension,
  hex,
  integer,
  type KeyName,
  key,
  names,
  octets,
  oid,
  oids,
  sequence,
  spkiOf,
  text,
  tlv,
  uri,
} from "@kasbah/testkit/csr";

/** The certificates that a TLS client presents, and the key with which it signs the handshake. */
export interface Presented {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  readonly key: KeyName;
}

/** The signer: a certificate's subject, and a key that need not match the certificate. */
export interface Issuer {
  readonly subject: Uint8Array;
  readonly keyIdentifier: Uint8Array | undefined;
  sign(tbs: Uint8Array, hash?: string): Uint8Array;
}

export interface Changes {
  readonly key?: KeyName;
  /** Replaces the key's own. */
  readonly spki?: Bytes;
  readonly issuer?: Issuer;
  readonly serial?: Uint8Array;
  readonly subject?: Bytes;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Replaces the extensions with these object identifiers; additional ones come last. */
  readonly extensions?: Readonly<Record<string, Bytes | undefined>>;
  /** The object identifier of the signature algorithm, and its hash. */
  readonly algorithm?: readonly [oid: string, hash: string];
}

export const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
export const bank = "spiffe://cluster.local/ns/prod/sa/bank";
export const id = {
  keyUsage: "2.5.29.15",
  names: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  purposes: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

const minuteMs = 60_000;

/** The leaf that this CA would have issued to `frontend` at `now`, with the given changes. */
export function mint(issuer: Issuer, now: Date, changes: Changes = {}): Bytes {
  const { key: keyName = "P-256", algorithm: [algorithm, hash] = [oids.ecdsaWithSha256, "sha256"] } = changes;
  const { notBefore = new Date(now.getTime() - 2 * minuteMs) } = changes;
  const { notAfter = new Date(now.getTime() + 60 * minuteMs) } = changes;
  const tbs = sequence(
    tlv(0xa0, hex("020102")),
    integer(Buffer.from(changes.serial ?? createWorkloadSerial(now)).toString("hex")),
    sequence(oid(algorithm)),
    Buffer.from(issuer.subject),
    sequence(utcTime(notBefore), utcTime(notAfter)),
    changes.subject ?? sequence(),
    changes.spki ?? spkiOf(keyName),
    tlv(0xa3, sequence(...extensionsOf(issuer, changes))),
  );
  return sequence(tbs, sequence(oid(algorithm)), bits((changes.issuer ?? issuer).sign(tbs, hash)));
}

function extensionsOf({ keyIdentifier }: Issuer, { extensions = {} }: Changes): readonly Bytes[] {
  const keyId = sequence(tlv(0x80, keyIdentifier ?? Buffer.alloc(20)));
  const profile = {
    [id.keyUsage]: extension(id.keyUsage, hex("03020780"), true),
    [id.purposes]: purposes(id.serverAuth, id.clientAuth),
    [id.basicConstraints]: extension(id.basicConstraints, sequence(), true),
    [id.authorityKeyIdentifier]: extension(id.authorityKeyIdentifier, keyId),
    [id.names]: names(uri(frontend)),
  };
  return Object.values({ ...profile, ...extensions }).filter((each) => each !== undefined);
}

export function purposes(...list: readonly string[]): Bytes {
  return extension(id.purposes, sequence(...list.map(oid)));
}

export function issuerOf({ certificate, keyPair }: Signer & { keyPair: { toPkcs8Pem(): string } }): Issuer {
  const privateKey = createPrivateKey(keyPair.toPkcs8Pem());
  return {
    subject: certificate.subject,
    keyIdentifier: certificate.subjectKeyIdentifier,
    sign: (tbs, hash = "sha256") => sign(hash, tbs, privateKey),
  };
}

/** An issuer with this subject that has only the key of a leaf. */
export function leafIssuerNamed(subject: Uint8Array, keyName: KeyName): Issuer {
  return {
    subject,
    keyIdentifier: undefined,
    sign: (tbs, hash = "sha256") => sign(hash, tbs, key(keyName).privateKey),
  };
}

/** RFC 5280 §4.1.2.5.1, valid until 2049. */
function utcTime(time: Date): Bytes {
  return text(0x17, `${time.toISOString().slice(2, 19).replaceAll(/[-:T]/g, "")}Z`);
}

export const critical = (dotted: string): Bytes => extension(dotted, octets(Buffer.of(1)), true);
