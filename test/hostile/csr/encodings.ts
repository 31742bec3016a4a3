// Bytes that two parsers could interpret differently, or that are not a CSR at all.

import {
  attribute,
  attributes,
  type Bytes,
  boolean,
  extension,
  extensionRequest,
  hex,
  indefinite,
  integer,
  longTlv,
  names,
  nothing,
  octets,
  oid,
  oids,
  pem,
  relativeName,
  requestDer,
  requestPem,
  sequence,
  set,
  spiffe,
  tlv,
  uri,
  utf8,
} from "@kasbah/testkit/csr";
import { type Case, group } from "../../harness/csr/cases.ts";

const good = requestDer();
const label = "CERTIFICATE REQUEST";
const goodPem = pem(label, good);
const body = goodPem.split("\n").slice(1, -2);
const withAttributes = (...list: readonly Uint8Array[]) => requestPem({ attributes: attributes(...list) });
const withExtensions = (...list: readonly Uint8Array[]) => withAttributes(extensionRequest(...list));
const nested = (depth: number, tag: number): Bytes => {
  let inner: Bytes = Buffer.alloc(0);
  for (let level = 0; level < depth; level++) inner = tlv(tag, inner);
  return inner;
};

const structures = group("CSR_MALFORMED", {
  "of version 1": requestPem({ version: integer("01") }),
  "of version -1": requestPem({ version: hex("0201ff") }),
  "with version 0 in two octets": requestPem({ version: hex("02020000") }),
  "with an empty version": requestPem({ version: hex("0200") }),
  "with a BOOLEAN as its version": requestPem({ version: boolean(0) }),
  "without the attributes field": requestPem({
    info: (info) => sequence(info.subarray(headerOf(info), info.length - lengthOfAttributes())),
  }),
  "whose attributes have the tag of a SET": requestPem({ attributes: set() }),
  "whose subject is a SET": requestPem({ subject: set() }),
  "whose subject has an RDN without attributes": requestPem({ subject: sequence(set()) }),
  "whose subject has an attribute without a value": requestPem({
    subject: sequence(set(sequence(oid(oids.commonName)))),
  }),
  "whose subject has an attribute with two values": requestPem({
    subject: sequence(set(sequence(oid(oids.commonName), utf8("a"), utf8("b")))),
  }),
  "whose subject's SET is not sorted": requestPem({
    subject: sequence(set(sequence(oid("2.5.4.10"), utf8("z")), sequence(oid("2.5.4.3"), utf8("a")))),
  }),
  "whose attributes are not sorted": withAttributes(
    attribute("1.2.3.4.9", nothing()),
    attribute("1.2.3.4.5", nothing()),
  ),
  "with two extension requests": withAttributes(extensionRequest(), extensionRequest(names(uri(spiffe)))),
  "with an extension request that has two values": withAttributes(
    attribute(oids.extensionRequest, sequence(), sequence(names(uri(spiffe)))),
  ),
  "with an extension request without a value": withAttributes(attribute(oids.extensionRequest)),
  "with the same extension twice": withExtensions(
    names(uri(spiffe)),
    names(uri("spiffe://evil.test/ns/a/sa/b")),
  ),
  "with an extension whose default criticality is encoded": withExtensions(
    sequence(oid("2.5.29.17"), boolean(0), octets(sequence(uri(spiffe)))),
  ),
  "with a criticality of 1": withExtensions(
    sequence(oid("2.5.29.17"), boolean(1), octets(sequence(uri(spiffe)))),
  ),
  "with an extension without a value": withExtensions(sequence(oid("2.5.29.17"))),
  "with an extension that has three extra fields": withExtensions(
    sequence(oid("2.5.29.17"), octets(sequence()), nothing()),
  ),
  "with empty names": withExtensions(extension("2.5.29.17", sequence())),
  "with names in a SET": withExtensions(extension("2.5.29.17", set(uri(spiffe)))),
  "with bytes after its names": withExtensions(
    extension("2.5.29.17", Buffer.concat([sequence(uri(spiffe)), Buffer.of(0)])),
  ),
  "with a name of an unknown kind": withExtensions(names(tlv(0x89, Buffer.of(1)))),
  "with a constructed URI": withExtensions(names(tlv(0xa6, uri(spiffe)))),
  "with an empty object identifier": withExtensions(sequence(hex("0600"), octets(Buffer.alloc(0)))),
  "with an object identifier in more octets than necessary": withExtensions(
    sequence(hex("0603805517"), octets(Buffer.alloc(0))),
  ),
  "with a truncated object identifier": withExtensions(sequence(hex("06025581"), octets(Buffer.alloc(0)))),
  "nested a thousand deep": requestPem({ subject: nested(1000, 0x30) }),
  "nested twenty deep in an attribute": withAttributes(attribute("1.2.3.4.5", nested(20, 0x30))),
  "with a fourth element": requestPem({
    whole: (whole) => sequence(whole.subarray(headerOf(whole)), nothing()),
  }),
  "with only two elements": pem(label, sequence(sequence(), sequence())),
  "of nothing": pem(label, sequence()),
  "that contains the inner part of a certificate": pem(
    label,
    sequence(sequence(tlv(0xa0, integer("02")), integer("01")), sequence(), tlv(0x03, Buffer.of(0))),
  ),
  "with bytes after it": pem(label, Buffer.concat([good, Buffer.of(0)])),
  "with another CSR after it": pem(label, Buffer.concat([good, good])),
  "in an OCTET STRING": pem(label, octets(good)),
  "whose signature has unused bits": requestPem({ whole: (whole) => unusedBits(whole) }),
  "with an indefinite length": pem(label, indefinite(0x30, good.subarray(headerOf(good)))),
  "whose length has one octet more than necessary": pem(
    label,
    longTlv(0x30, 3, good.subarray(headerOf(good))),
  ),
  "whose length has five octets": pem(label, longTlv(0x30, 5, good.subarray(headerOf(good)))),
  "whose length exceeds the data": pem(
    label,
    Buffer.concat([hex("3082ffff"), good.subarray(headerOf(good))]),
  ),
  "whose length is four gigabytes": pem(
    label,
    Buffer.concat([hex("3084ffffffff"), good.subarray(headerOf(good))]),
  ),
  "with a high tag number": requestPem({ subject: Buffer.concat([hex("3f8130"), hex("00")]) }),
  "with an indefinite subject": requestPem({ subject: indefinite(0x30) }),
  "with a constructed string": requestPem({
    subject: sequence(relativeName(oids.commonName, tlv(0x2c, utf8("a"), utf8("b")))),
  }),
  "with an end-of-contents marker inside": requestPem({ subject: sequence(hex("0000")) }),
});

const armours = group("CSR_MALFORMED", {
  "that is empty": "",
  "that is white space": " \n\t\r\n",
  "that is not PEM": "hello",
  "in DER": good.toString("latin1"),
  "without a BEGIN line": goodPem.split("\n").slice(1).join("\n"),
  "without an END line": goodPem.split("\n").slice(0, -2).join("\n"),
  "labeled CERTIFICATE": pem("CERTIFICATE", good),
  "labeled NEW CERTIFICATE REQUEST": pem("NEW CERTIFICATE REQUEST", good),
  "labeled certificate request": pem("certificate request", good),
  "that ends with another label": goodPem.replace("END CERTIFICATE REQUEST", "END CERTIFICATE"),
  twice: goodPem + goodPem,
  "with text before it": `hello\n${goodPem}`,
  "with text after it": `${goodPem}hello\n`,
  "with a header": goodPem.replace("\n", "\nProc-Type: 4,ENCRYPTED\n\n"),
  "with a byte order mark": `\uFEFF${goodPem}`,
  "with NUL after it": `${goodPem}\u0000`,
  "with dashes missing": goodPem.replace("-----BEGIN", "----BEGIN"),
  "with an empty line inside": goodPem.replace(body[0] ?? "", `${body[0]}\n`),
  "with a space inside": goodPem.replace(body[0] ?? "", `${body[0]?.slice(0, 9)} ${body[0]?.slice(9)}`),
  "with a star inside": goodPem.replace(body[0] ?? "", `${body[0]?.slice(0, 9)}*${body[0]?.slice(10)}`),
  "in the base64url alphabet": goodPem.replace(body[0] ?? "", `-_${body[0]?.slice(2)}`),
  "with padding in the middle": goodPem.replace(body[0] ?? "", `${body[0]?.slice(0, 60)}====`),
  "with only carriage returns as line endings": pem(label, good, "\r"),
  "with an empty body": `-----BEGIN ${label}-----\n\n-----END ${label}-----\n`,
  "on a single line with its header and footer": `-----BEGIN ${label}-----${body.join("")}-----END ${label}-----`,
  "with a letter of another script": goodPem.replace("BEGIN", "B\u0395GIN"),
  "with a body of twenty thousand letters": `-----BEGIN ${label}-----\n${"A".repeat(20_000)}\n-----END ${label}-----\n`,
  "of twenty thousand BEGIN lines": `-----BEGIN ${label}-----\n`.repeat(20_000),
  "after a megabyte of spaces": `${" ".repeat(1024 * 1024)}${goodPem}`,
});

const tolerated = group("accepted", {
  "with Windows line endings": pem(label, good, "\r\n"),
  "with an empty line before and after it": `\n${goodPem}\n`,
  "without a final line feed": goodPem.trimEnd(),
  "in one long line, as some tools write": `-----BEGIN ${label}-----\n${body.join("")}\n-----END ${label}-----\n`,
});

/**
 * Every truncation in steps of 3 octets, and a flipped bit in every third octet: none of them is what was
 * signed.
 */
const damages = group("refused", {
  ...Object.fromEntries(
    steps().map((at) => [`truncated after ${at} octets`, pem(label, good.subarray(0, at))]),
  ),
  ...Object.fromEntries(
    steps().map((at) => [`with bit ${at % 8} of octet ${at} flipped`, pem(label, flipped(good, at))]),
  ),
});

export const encodings: readonly Case[] = [...structures, ...armours, ...tolerated, ...damages];

function steps(): number[] {
  return Array.from({ length: Math.floor(good.length / 3) }, (_, index) => index * 3);
}

function flipped(bytes: Bytes, at: number): Bytes {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8));
  return copy;
}

/** The number of identifier and length octets. */
function headerOf(element: Bytes): number {
  const first = element[1] ?? 0;
  return first < 0x80 ? 2 : 2 + (first & 0x7f);
}

function lengthOfAttributes(): number {
  return attributes(extensionRequest(names(uri(spiffe)))).length;
}

function unusedBits(whole: Bytes): Bytes {
  const copy = Buffer.from(whole);
  const at = copy.lastIndexOf(Buffer.from([0x00, 0x30]));
  copy[at] = 1;
  return copy;
}
