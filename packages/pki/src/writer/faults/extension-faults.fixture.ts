import { constructedTag, primitiveTag, tag } from "../../der/tag.ts";
import { encode, encodeExtension, encodeOid, encodeSequence } from "../../der/writer.ts";
import {
  authorityCertificate,
  authorityKey,
  caExtension,
  hex,
  subjectKey,
  uri,
} from "../../forge.fixture.ts";
import { dnsTag } from "../../names/general-name.ts";
import { oid } from "../../oids.ts";
import { type Fault, issuer, spiffeId } from "./planted-leaf.fixture.ts";

const profile = /extensions are the profile's/;
const indexes = { usage: 0, purposes: 1, constraints: 2, authority: 3, names: 4 };

/** Replaces one extension by others. */
function instead(which: keyof typeof indexes, ...others: readonly Uint8Array[]): Fault {
  return ({ extensions }) => ({ extensions: extensions.toSpliced(indexes[which], 1, ...others) });
}

function added(extension: Uint8Array): Fault {
  return ({ extensions }) => ({ extensions: [...extensions, extension] });
}

const usage = (digits: string, critical = true) => encodeExtension(oid.keyUsage, critical, hex(digits));
const purposes = (critical: boolean, ...purpose: readonly string[]) =>
  encodeExtension(oid.extKeyUsage, critical, encodeSequence(...purpose.map(encodeOid)));
const constraints = (digits: string, critical = true) =>
  encodeExtension(oid.basicConstraints, critical, hex(digits));
const identity = uri(spiffeId.toString());
const dns = (text: string) => encode(dnsTag, Buffer.from(text));
const service = dns("frontend.demo.svc");
/** Not critical, because the certificate has a subject. */
const names = (...all: readonly Uint8Array[]) =>
  encodeExtension(oid.subjectAltName, false, encodeSequence(...all));
const issuerKeyId = Buffer.from(issuer.subjectKeyIdentifier ?? []).toString("hex");

/** Faults in the extensions, each with the rule that must name it. */
export const extensionFaults: Readonly<Record<string, readonly [rule: RegExp, fault: Fault]>> = {
  "no extensions": [profile, () => ({ extensions: [] })],
  "no key usage": [profile, instead("usage")],
  "the key usage keyCertSign as well": [profile, instead("usage", usage("03020284"))],
  "the key usage keyEncipherment for an EC key": [profile, instead("usage", usage("030205a0"))],
  "another key usage": [profile, instead("usage", usage("03020640"))],
  "a key usage that is not critical": [profile, instead("usage", usage("03020780", false))],
  "a key usage with trailing zero bits": [profile, instead("usage", usage("03020080"))],
  "no purposes": [profile, instead("purposes")],
  "an empty list of purposes": [/extKeyUsage names no purpose/, instead("purposes", purposes(false))],
  "only the purpose of a server": [profile, instead("purposes", purposes(false, oid.serverAuth))],
  "purposes in another order": [
    profile,
    instead("purposes", purposes(false, oid.clientAuth, oid.serverAuth)),
  ],
  "every purpose": [
    profile,
    instead("purposes", purposes(false, oid.serverAuth, oid.clientAuth, "2.5.29.37.0")),
  ],
  "critical purposes": [profile, instead("purposes", purposes(true, oid.serverAuth, oid.clientAuth))],
  "no basic constraints": [profile, instead("constraints")],
  "basic constraints that are not critical": [profile, instead("constraints", constraints("3000", false))],
  "CA:TRUE": [profile, instead("constraints", caExtension())],
  "CA:TRUE and a path length": [profile, instead("constraints", caExtension(0))],
  "a path length without CA": [
    /pathLenConstraint is out of place/,
    instead("constraints", constraints("3003020100")),
  ],
  "CA:FALSE in full": [/default value of cA is encoded/, instead("constraints", constraints("3003010100"))],
  "no authority key identifier": [profile, instead("authority")],
  "the authority key identifier of another issuer": [
    profile,
    instead("authority", authorityKey("ab".repeat(20))),
  ],
  "an authority key identifier with one octet less": [
    profile,
    instead("authority", authorityKey(issuerKeyId.slice(2))),
  ],
  "an authority key identifier by name and serial": [
    profile,
    instead("authority", authorityCertificate(issuer.subject, issuer.serial)),
  ],
  "a critical authority key identifier": [
    profile,
    instead(
      "authority",
      encodeExtension(
        oid.authorityKeyIdentifier,
        true,
        encodeSequence(encode(primitiveTag(0), hex(issuerKeyId))),
      ),
    ),
  ],
  "no names": [profile, instead("names")],
  "an empty list of names": [/GeneralNames is empty/, instead("names", names())],
  "critical names beside a subject": [
    profile,
    instead("names", encodeExtension(oid.subjectAltName, true, encodeSequence(identity, service))),
  ],
  "another identity": [profile, instead("names", names(uri(`${spiffeId}x`), service))],
  "a second URI": [
    profile,
    instead("names", names(identity, service, uri("spiffe://cluster.local/ns/demo/sa/admin"))),
  ],
  "one DNS name less": [profile, instead("names", names(identity))],
  "one DNS name more": [profile, instead("names", names(identity, service, dns("db.demo.svc")))],
  "names in another order": [profile, instead("names", names(service, identity))],
  "its identity as a DNS name": [profile, instead("names", names(dns(spiffeId.toString()), service))],
  "a constructed URI": [
    /GeneralName is of an unknown kind/,
    instead("names", names(encode(constructedTag(6), identity), service)),
  ],
  "an e-mail address": [
    profile,
    instead("names", names(identity, service, encode(primitiveTag(1), Buffer.from("a@b.c")))),
  ],
  "an IP address": [
    profile,
    instead("names", names(identity, service, encode(primitiveTag(7), hex("0a000001")))),
  ],
  "its names twice": [/subjectAltName occurs twice/, added(names(identity, service))],
  "a subject key identifier": [profile, added(subjectKey("ab".repeat(20)))],
  "an unknown critical extension": [profile, added(encodeExtension("1.2.3.4", true, hex("0500")))],
  "an unknown extension": [profile, added(encodeExtension("1.2.3.4", false, hex("0500")))],
  "an extension with critical:FALSE in full": [
    /default value of critical is encoded/,
    added(encodeSequence(encodeOid("1.2.3.4"), hex("010100"), encode(tag.octetString, hex("0500")))),
  ],
  "extensions in another order": [profile, ({ extensions }) => ({ extensions: extensions.toReversed() })],
};
