import assert from "node:assert/strict";
import { type Certificate, createWorkloadSerial } from "@kasbah/pki";
import {
  attributes,
  dns,
  extension,
  extensionRequest,
  names,
  oids,
  relativeName,
  requestPem,
  sequence,
  uri,
  utf8,
} from "@kasbah/testkit/csr";
import fc from "fast-check";
import { frontend } from "./open-admission.fixture.ts";

/** A request with this common name in its subject. All requests have the same key. */
export function requestNamed(commonName: string): string {
  return requestPem({ subject: sequence(relativeName(oids.commonName, utf8(commonName))) });
}

/** A serial of constant length, so that certificates can be compared octet by octet. */
export function positiveSerial(tokenProvenAt: Date): Uint8Array {
  const [first = 0, ...rest] = createWorkloadSerial(tokenProvenAt);
  return Uint8Array.of((first & 0x7f) | 0x01, ...rest);
}

/**
 * The signed part of a certificate in hexadecimal, without its serial. Both length fields have four octets.
 */
export function signedOf({ der, serial }: Certificate): string {
  const outer = Buffer.from(der).subarray(4);
  assert.equal(outer.readUInt16BE(0), 0x3082);
  const signed = outer.subarray(0, 4 + outer.readUInt16BE(2)).toString("hex");
  assert.equal(signed.split(serial).length, 2);
  return signed.replace(serial, "");
}

const foreignText = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.constantFrom("spiffe://cluster.local/ns/kube-system/sa/admin", "spiffe://evil.test/x", `${frontend}/..`),
);

/** Requests with one key and any names, extensions and organization. Common names are tested separately. */
export const anyRequest = fc
  .record({
    uris: fc.array(foreignText, { maxLength: 3 }),
    hosts: fc.array(foreignText, { maxLength: 3 }),
    extensions: fc.uniqueArray(
      fc.tuple(fc.constantFrom("2.5.29.19", "2.5.29.15", "2.5.29.37", "1.2.3.4"), fc.uint8Array()),
      { selector: ([oid]) => oid, maxLength: 4 },
    ),
    organization: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined }),
  })
  .map(({ uris, hosts, extensions, organization }) =>
    requestPem({
      subject:
        organization === undefined
          ? sequence()
          : sequence(relativeName(oids.organization, utf8(organization))),
      attributes: attributes(
        extensionRequest(
          names(uri(String(frontend)), ...uris.map(uri), ...hosts.map(dns)),
          ...extensions.map(([oid, value]) => extension(oid, value)),
        ),
      ),
    }),
  );
