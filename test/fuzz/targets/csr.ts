import assert from "node:assert/strict";
import { createPublicKey, sign } from "node:crypto";
import { type CertificateRequest, encodePem, parseCertificateRequest, parsePemBlock } from "@kasbah/pki";
import { requestDers, requestPems } from "../corpus.ts";
import { readDerNodes, writeDerNode, writeDerNodes } from "../edits/der-tree.ts";
import { fixedP256Key } from "../fixed-keys.ts";
import { derMutants, textMutants } from "../mutants.ts";
import { bytesOf, read, type Target, textOf, type Verdict } from "../target.ts";

const label = "CERTIFICATE REQUEST";
const key = fixedP256Key("request");
const spki = key.export({ format: "jwk" });
const publicSpki = createPublicKey({ key: spki, format: "jwk" }).export({ format: "der", type: "spki" });

/** The signed part of each request, with its key replaced by ours. */
const infos = requestDers.map((der) => {
  const [request] = readDerNodes(der) ?? [];
  const [info] = Array.isArray(request?.body) ? request.body : [];
  if (info === undefined || !Array.isArray(info.body)) throw new TypeError("the fixture is not a request");
  const [, , itsKey] = info.body;
  if (itsKey !== undefined) itsKey.instead = publicSpki;
  return new Uint8Array(writeDerNode(info));
});

const words = [
  "-----BEGIN ",
  "-----END ",
  `-----BEGIN ${label}-----\n`,
  `\n-----END ${label}-----\n`,
  "\r\n",
];
const pems = requestPems.map(bytesOf);

/** Requests whose signature no longer verifies: tests the checks before the signature check. */
export const requestDer: Target = {
  name: "csr-der",
  valid: requestDers,
  inputs: derMutants(requestDers),
  check: (der) => judge(encodePem(label, der)),
};

/** Requests signed after the mutation: tests the parsers that an attacker with its own key can reach. */
export const signedRequest: Target = {
  name: "csr-signed",
  valid: infos,
  inputs: derMutants(infos),
  check: (info) => judge(encodePem(label, signed(info))),
};

export const requestPem: Target = {
  name: "csr-pem",
  valid: pems,
  inputs: textMutants(pems, [...words, "\n\n", "\ufeff", "\u0000", "=", "====", "Proc-Type: 4,ENCRYPTED\n"]),
  check: (pem) => judge(textOf(pem)),
};

function judge(pem: string): Verdict {
  const request = read(() => parseCertificateRequest(pem));
  if (request === undefined) return "refused";
  checkAccepted(pem, request.value);
  return "accepted";
}

/** OpenSSL reads the same key, and the bytes are the only valid encoding. */
function checkAccepted(pem: string, { publicKey, requestedUris }: CertificateRequest): void {
  const der = parsePemBlock(pem, label);
  // Nested strings are parsed only where they have a meaning for us.
  const nodes = readDerNodes(der, false);
  assert.ok(nodes !== undefined && Buffer.from(der).equals(writeDerNodes(nodes)), "it is not canonical");
  const opened = createPublicKey({ key: Buffer.from(publicKey.spki), format: "der", type: "spki" });
  const theirs = opened.export({ format: "der", type: "spki" });
  assert.ok(theirs.equals(publicKey.spki), "OpenSSL reads another key");
  assert.ok(Buffer.from(der).includes(publicKey.spki), "the key differs from the request's");
  const found = requestedUris.every((uri) => Buffer.from(der).includes(Buffer.from(uri, "latin1")));
  assert.ok(found, "a URI differs from the request's");
}

function signed(info: Uint8Array): Uint8Array {
  const algorithm = Buffer.from("300a06082a8648ce3d040302", "hex");
  const octets = Buffer.concat([Buffer.of(0), sign("sha256", info, key)]);
  const signature = writeDerNode({ tag: 0x03, length: "right", lead: new Uint8Array(), body: octets });
  const body = Buffer.concat([info, algorithm, signature]);
  return writeDerNode({ tag: 0x30, length: "right", lead: new Uint8Array(), body });
}
