// Well-formed CSRs that request more than a key proves: all are accepted, but none of the requests is
// granted.

import {
  attribute,
  attributes,
  boolean,
  commonName,
  dns,
  extension,
  extensionRequest,
  hex,
  integer,
  names,
  nothing,
  octets,
  oid,
  oids,
  relativeName,
  requestPem,
  sequence,
  spiffe,
  text,
  tlv,
  uri,
  utf8,
} from "@kasbah/testkit/csr";
import { type Case, group } from "../../harness/csr/cases.ts";

const withNames = (...list: readonly Uint8Array[]) =>
  requestPem({ attributes: attributes(extensionRequest(names(...list))) });
const withExtensions = (...list: readonly Uint8Array[]) =>
  requestPem({ attributes: attributes(extensionRequest(names(uri(spiffe)), ...list)) });
const withSubject = (subject: Uint8Array) => requestPem({ subject: Buffer.from(subject) });

const foreignUris = [
  "spiffe://cluster.local/ns/kube-system/sa/admin",
  "spiffe://evil.test/ns/demo/sa/frontend",
  "spiffe://CLUSTER.LOCAL/ns/demo/sa/frontend",
  "spiffe://cluster.local/ns/demo/sa/frontend/",
  "spiffe://cluster.local/ns/demo/sa/frontend/../admin",
  "spiffe://cluster.local/ns/demo/sa/frontend%2f..%2fadmin",
  "spiffe://cluster.local/ns/demo/sa/frontend?x=1",
  "spiffe://cluster.local/ns/demo/sa/frontend#x",
  "spiffe://user@cluster.local/ns/demo/sa/frontend",
  "spiffe://cluster.local:443/ns/demo/sa/frontend",
  "spiffe://cluster.local//ns/demo/sa/frontend",
  "spiffe://cluster.local",
  "spiffe:///ns/demo/sa/frontend",
  "https://cluster.local/ns/demo/sa/frontend",
  "javascript:alert(1)",
  "",
  " ",
  "spiffe://cluster.local/ns/demo/sa/frontend\u0000.evil",
  "spiffe://cluster.local/ns/demo/sa/frontend\r\nX: y",
  "spiffe://cluster.local/ns/demo/sa/\u00e9",
  `spiffe://cluster.local/${"a".repeat(2000)}`,
  "__proto__",
];

const otherNames: Readonly<Record<string, Uint8Array>> = {
  "a DNS name": dns("kubernetes.default.svc"),
  "a DNS wildcard": dns("*"),
  "an empty DNS name": dns(""),
  "a DNS name with NUL": dns("good.test\u0000.evil.test"),
  "an IPv4 address": tlv(0x87, hex("7f000001")),
  "an IPv6 address": tlv(0x87, Buffer.alloc(16, 1)),
  "an address of five octets": tlv(0x87, Buffer.alloc(5)),
  "an e-mail address": tlv(0x81, Buffer.from("root@cluster.local")),
  "a directory name": tlv(0xa4, commonName("admin")),
  "another name": tlv(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), tlv(0xa0, utf8("admin@cluster.local"))),
  "a registered id": tlv(0x88, hex("2a0304")),
};

const cas: Readonly<Record<string, Uint8Array>> = {
  "to be a CA": extension("2.5.29.19", sequence(boolean(0xff)), true),
  "to be a CA of path length 0": extension("2.5.29.19", sequence(boolean(0xff), integer("00")), true),
  "not to be a CA": extension("2.5.29.19", sequence(), true),
  "to sign certificates": extension("2.5.29.15", hex("03020106"), true),
  "every key usage": extension("2.5.29.15", hex("030307ff80"), true),
  "no key usage at all": extension("2.5.29.15", hex("030100"), true),
  "any extended key usage": extension("2.5.29.37", sequence(oid("2.5.29.37.0"))),
  "to sign code": extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.3"))),
  "to sign OCSP": extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.9"))),
  "an empty extended key usage": extension("2.5.29.37", sequence()),
  "name constraints": extension("2.5.29.30", sequence(tlv(0xa0, sequence(dns("")))), true),
  "a certificate policy": extension("2.5.29.32", sequence(sequence(oid("2.5.29.32.0")))),
  "a key identifier of the root": extension("2.5.29.14", octets(Buffer.alloc(20, 7))),
  "an authority key identifier": extension("2.5.29.35", sequence(tlv(0x80, Buffer.alloc(20, 7)))),
  "another location for the revocation list": extension(
    "2.5.29.31",
    sequence(sequence(tlv(0xa0, tlv(0xa0, uri("http://evil.test"))))),
  ),
  "another location for the issuer": extension(
    "1.3.6.1.5.5.7.1.1",
    sequence(sequence(oid("1.3.6.1.5.5.7.48.2"), uri("http://evil.test"))),
  ),
  "must-staple": extension("1.3.6.1.5.5.7.1.24", sequence(integer("05"))),
  "an unknown critical extension": extension("1.2.3.4.5", nothing(), true),
  "an unknown extension of garbage": extension("1.2.3.4.5", hex("ffff")),
  "an unknown extension without content": extension("1.2.3.4.5", Buffer.alloc(0)),
  "a Netscape type": extension("2.16.840.1.113730.1.1", hex("030205a0")),
  "a precertificate poison": extension("1.3.6.1.4.1.11129.2.4.3", nothing(), true),
};

const subjects: Readonly<Record<string, Uint8Array>> = {
  "another workload's name": commonName("spiffe://cluster.local/ns/kube-system/sa/admin"),
  "the name of the CA": sequence(relativeName(oids.organization, utf8("cluster.local"))),
  "a name of 3000 letters": commonName("a".repeat(3000)),
  "a line end": commonName("frontend\nadmin"),
  "a NUL": commonName("frontend\u0000admin"),
  "text with a right-to-left override": commonName("\u202eadmin"),
  "bytes that are not UTF-8": sequence(relativeName(oids.commonName, tlv(0x0c, hex("fffe")))),
  "two common names": sequence(
    relativeName(oids.commonName, utf8("a")),
    relativeName(oids.commonName, utf8("b")),
  ),
  "an empty common name": commonName(""),
  "a TeletexString": sequence(relativeName(oids.commonName, tlv(0x14, Buffer.from("frontend")))),
  "a BMPString": sequence(relativeName(oids.commonName, tlv(0x1e, hex("00610062")))),
  "an unknown attribute": sequence(relativeName("1.2.3.4.5", utf8("x"))),
  "a SEQUENCE as a value": sequence(relativeName(oids.commonName, sequence(utf8("x")))),
  "what stock agents send, O with an empty PrintableString": sequence(
    relativeName(oids.organization, text(0x13, "")),
  ),
  "a script": commonName(["$", "{process.env.TOKEN}{{.}}<script>"].join("")),
};

export const wishes: readonly Case[] = [
  ...group("accepted", {
    "for only its own name": requestPem(),
    "with RSA, as stock agents do": requestPem({ key: "RSA-2048" }),
    "with P-384": requestPem({ key: "P-384" }),
    "with RSA-3072": requestPem({ key: "RSA-3072" }),
    "without attributes": requestPem({ attributes: attributes() }),
    "without extensions": requestPem({ attributes: attributes(extensionRequest()) }),
    "with a challenge password": requestPem({
      attributes: attributes(attribute(oids.challengePassword, utf8("secret"))),
    }),
    "with an unknown attribute": requestPem({ attributes: attributes(attribute("1.2.3.4.5", nothing())) }),
    "with an attribute of many values": requestPem({
      attributes: attributes(attribute("1.2.3.4.5", integer("01"), integer("02"))),
    }),
    "with names that are not critical, as ztunnel does": requestPem({
      attributes: attributes(extensionRequest(extension("2.5.29.17", sequence(uri(spiffe))))),
    }),
    "with ten names": withNames(...Array.from({ length: 10 }, (_, i) => uri(`${spiffe}${i}`))),
    "with the same name twice": withNames(uri(spiffe), uri(spiffe)),
    "with its name and a foreign one": withNames(
      uri(spiffe),
      uri("spiffe://cluster.local/ns/kube-system/sa/admin"),
    ),
  }),
  ...group(
    "accepted",
    Object.fromEntries(
      foreignUris.map((name) => [`for the URI ${JSON.stringify(name.slice(0, 60))}`, withNames(uri(name))]),
    ),
  ),
  ...group(
    "accepted",
    Object.fromEntries(
      Object.entries(otherNames).flatMap(([what, name]) => [
        [`for only ${what}`, withNames(name)],
        [`for ${what} besides its own name`, withNames(uri(spiffe), name)],
      ]),
    ),
  ),
  ...group(
    "accepted",
    Object.fromEntries(Object.entries(cas).map(([what, wish]) => [`for ${what}`, withExtensions(wish)])),
  ),
  ...group(
    "accepted",
    Object.fromEntries(
      Object.entries(subjects).map(([what, subject]) => [`whose subject has ${what}`, withSubject(subject)]),
    ),
  ),
];
