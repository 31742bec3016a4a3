import assert from "node:assert/strict";
import { type CertificateRequest, parseCertificateRequest } from "@kasbah/pki";
import { throwsWithCode } from "@kasbah/testkit";
import {
  attributes,
  commonName,
  dns,
  extension,
  extensionRequest,
  hex,
  names,
  requestPem,
  sequence,
  tlv,
  uri,
} from "@kasbah/testkit/csr";
import fc from "fast-check";
import { CaError } from "../errors.ts";
import { anyRequest } from "./any-request.fixture.ts";
import { frontend, policyOf } from "./open-admission.fixture.ts";
import { admit, approve } from "./policy.ts";
import type { Terms } from "./rules.ts";

const own = uri(frontend.toString());
const bank = "spiffe://cluster.local/ns/prod/sa/bank";
const requestFor = (...extensions: readonly Uint8Array[]) =>
  requestPem({ attributes: attributes(extensionRequest(...extensions)) });
const terms = { dnsNames: ["{serviceAccount}.{namespace}.svc"] };

function decide(pem: string, more: Partial<Terms> = {}) {
  const policy = policyOf({ ...terms, ...more });
  const request = parseCertificateRequest(pem);
  return approve(frontend, { request, ttlMs: 0 }, admit(frontend, policy), policy);
}

/** CSRs that request more than the caller's own names, and the kind that each counts as. */
const foreign: Readonly<Record<string, readonly [string, readonly string[]]>> = {
  "basic constraints of a CA": [
    requestFor(names(own), extension("2.5.29.19", sequence(tlv(0x01, Buffer.of(0xff))), true)),
    ["basicConstraints"],
  ],
  "the key usage of a CA": [requestFor(names(own), extension("2.5.29.15", hex("03020106"))), ["keyUsage"]],
  "another workload's name": [requestFor(names(uri(bank))), ["uniformResourceIdentifier"]],
  "another workload's name in addition to its own": [
    requestFor(names(own, uri(bank))),
    ["uniformResourceIdentifier"],
  ],
  "its own name in upper case": [
    requestFor(names(uri(frontend.toString().toUpperCase()))),
    ["uniformResourceIdentifier"],
  ],
  "a DNS name that the rule does not grant": [
    requestFor(names(own, dns("istiod.istio-system.svc"))),
    ["dNSName"],
  ],
  "a wildcard name": [requestFor(names(own, dns("*.demo.svc"))), ["dNSName"]],
  "an IP address": [requestFor(names(own, tlv(0x87, hex("0a000001")))), ["iPAddress"]],
  "a subject": [requestPem({ subject: commonName("admin") }), ["subject"]],
  "an unknown extension": [requestFor(names(own), extension("1.2.3.4", hex("0500"))), ["1.2.3.4"]],
};

describe("approve, for a CSR that requests more than the caller's own names", () => {
  for (const [what, [pem, kinds]] of Object.entries(foreign)) {
    it(`ignores or refuses a CSR that requests ${what}, as the rule defines`, () => {
      const order = decide(pem);
      assert.deepEqual(order.ignored, what === "an unknown extension" ? ["other (1)"] : kinds);
      assert.ok(order.spiffeId.equals(frontend));
      assert.deepEqual(order.dnsNames, ["frontend.demo.svc"]);
      const error = throwsWithCode(() => decide(pem, { onForeignNames: "refuse" }), "CSR_IDENTITY_MISMATCH");
      assert.ok(error instanceof CaError);
      assert.equal(error.facts.rule, "test");
      assert.equal(error.facts.expected, `at most ${frontend}`);
      assert.ok(error.facts.seen?.startsWith(kinds.join(", ")), String(error.facts.seen));
    });
  }

  it("ignores nothing in a CSR that requests no name, its own name, or a name that the rule grants anyway", () => {
    const modest = [
      requestPem({ attributes: attributes() }),
      requestFor(names(own)),
      requestFor(names(own, own)),
      requestFor(names(own, dns("frontend.demo.svc"))),
    ];
    for (const pem of modest) assert.deepEqual(decide(pem, { onForeignNames: "refuse" }).ignored, []);
  });

  it("reports each kind once and quotes the URI names, so that no octet of a name can break a log line", () => {
    const pem = requestFor(names(uri("spiffe://x\r\ny"), uri("spiffe://z"), dns("a"), dns("b")));
    const error = throwsWithCode(() => decide(pem, { onForeignNames: "refuse" }), "CSR_IDENTITY_MISMATCH");
    assert.ok(error instanceof CaError);
    assert.equal(
      error.facts.seen,
      'uniformResourceIdentifier, dNSName with the URI names ["spiffe://x\\r\\ny","spiffe://z"]',
    );
  });

  it("records a count of the extensions without a name, however many there are and however long their identifiers", () => {
    const foreign = (last: number) =>
      extension(`1.3.6.1.4.1.4294967295.4294967295.4294967295.${last}`, hex("0500"));
    const many = Array.from({ length: 200 }, (_, index) => foreign(index + 1));
    const pem = requestFor(names(own), extension("2.5.29.15", hex("03020106")), ...many);
    assert.deepEqual(decide(pem).ignored, ["keyUsage", "other (200)"]);
    const error = throwsWithCode(() => decide(pem, { onForeignNames: "refuse" }), "CSR_IDENTITY_MISMATCH");
    assert.ok(error instanceof CaError && (error.facts.seen?.length ?? 0) <= 600);
  });

  it("issues the same certificate for any CSR with the same key, and records the ignored kinds", () => {
    fc.assert(
      fc.property(anyRequest, (pem) => {
        const { ignored: _, ...order } = decide(pem);
        const { ignored: __, ...plain } = decide(requestFor(names(own)));
        assert.deepEqual(order, plain);
      }),
      { numRuns: 50 },
    );
  });

  it("refuses a CSR if and only if it would otherwise ignore something", () => {
    fc.assert(
      fc.property(anyRequest, (pem) => {
        const request: CertificateRequest = parseCertificateRequest(pem);
        if (decide(pem).ignored.length === 0) {
          assert.ok(decide(pem, { onForeignNames: "refuse" }).publicKey.equals(request.publicKey));
        } else {
          throwsWithCode(() => decide(pem, { onForeignNames: "refuse" }), "CSR_IDENTITY_MISMATCH");
        }
      }),
      { numRuns: 50 },
    );
  });
});
