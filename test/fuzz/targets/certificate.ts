import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type Certificate, encodePem, parseCertificate, parseTrustBundle } from "@kasbah/pki";
import { leafDer, operatorRootDer, rootDer } from "../corpus.ts";
import { derMutants, textMutants } from "../mutants.ts";
import { bytesOf, read, type Target, textOf } from "../target.ts";

const certificates = [leafDer, rootDer, operatorRootDer];
const label = "CERTIFICATE";
const bundles = [
  encodePem(label, rootDer),
  [rootDer, operatorRootDer].map((der) => encodePem(label, der)).join(""),
];
const words = [
  `-----BEGIN ${label}-----\n`,
  `\n-----END ${label}-----\n`,
  "-----BEGIN ",
  "\n\n",
  "\r\n",
  "\u0000",
];

export const certificate: Target = {
  name: "certificate",
  valid: certificates,
  inputs: derMutants(certificates),
  check(der) {
    const parsed = read(() => parseCertificate(der));
    if (parsed === undefined) return "refused";
    compareWithOpenssl(parsed.value);
    assert.ok(parseCertificate(parsed.value.toPem()).equals(parsed.value), "its PEM is another certificate");
    return "accepted";
  },
};

export const trustBundle: Target = {
  name: "trust-bundle",
  valid: bundles.map(bytesOf),
  inputs: textMutants(bundles.map(bytesOf), words),
  check(pem) {
    const bundle = read(() => parseTrustBundle(textOf(pem)));
    if (bundle === undefined) return "refused";
    assert.ok(parseTrustBundle(bundle.value.toPem()).equals(bundle.value), "its PEM is another bundle");
    assert.ok(bundle.value.roots.every(({ isCa }) => isCa));
    return "accepted";
  },
};

/** If two parsers disagree, an attacker can show one of them what the other does not check. */
function compareWithOpenssl(ours: Certificate): void {
  const theirs = new X509Certificate(ours.der);
  assert.equal(BigInt(`0x${theirs.serialNumber}`), BigInt(`0x${ours.serial}`), "the serials differ");
  const spki = theirs.publicKey.export({ format: "der", type: "spki" });
  assert.ok(spki.equals(ours.publicKey.spki), "the keys differ");
  assert.equal(theirs.validFromDate.getTime(), ours.notBefore.getTime(), "notBefore differs");
  assert.equal(theirs.validToDate.getTime(), ours.notAfter.getTime(), "notAfter differs");
  if (theirs.subjectAltName === undefined && ours.extensions.names.length > 0) {
    // An otherName in it is malformed: OpenSSL then drops all names, so none of them may become an identity
    // here.
    assert.equal(ours.spiffeId, undefined, "it has an identity that OpenSSL does not see");
    return;
  }
  const mayIssue = ours.isCa && ours.extensions.maySignCertificates;
  // OpenSSL also checks names of kinds that constraints do not cover, and is stricter as a result.
  if (theirs.ca || ours.extensions.nameConstraints === undefined) {
    assert.equal(theirs.ca, mayIssue, "only one of the two treats it as a CA");
  }
  const names = namesIn(theirs.subjectAltName ?? "");
  assert.deepEqual(names.get("URI") ?? [], ours.uriNames, "the URI names differ");
  assert.deepEqual(names.get("DNS") ?? [], ours.dnsNames, "the DNS names differ");
  assert.equal(names.get("IP Address")?.length ?? 0, ours.ipAddresses.length, "the IP addresses differ");
}

/** Parses `URI:…, DNS:…`; a value that could be confused with another name is written as JSON. */
function namesIn(text: string): ReadonlyMap<string, readonly string[]> {
  const pairs = [...text.matchAll(/([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gsu)];
  return pairs.reduce((names, [, kind = "", value = ""]) => {
    const plain: string = value.startsWith('"') ? JSON.parse(value) : value;
    return names.set(kind, [...(names.get(kind) ?? []), plain]);
  }, new Map<string, readonly string[]>());
}
