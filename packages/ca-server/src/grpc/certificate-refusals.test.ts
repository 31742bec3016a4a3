import assert from "node:assert/strict";
import { createCertificate, decodeErrorInfo } from "@kasbah/protocol";
import { openPolicy, policyOf } from "../issuance/open-admission.fixture.ts";
import {
  type CertificateEndpoint,
  frontend,
  orderBody,
  referenceId,
  startCertificateEndpoint,
} from "./certificate-endpoint.fixture.ts";

describe("CreateCertificate, for a refused call", () => {
  let ca: CertificateEndpoint;

  before(async () => {
    ca = await startCertificateEndpoint();
  });

  after(() => ca.stop());

  afterEach(() => {
    ca.ledger.isDown = false;
    ca.policy = openPolicy;
  });

  it("refuses a call without credentials, for any body", async () => {
    for (const body of [await orderBody(), Buffer.from("garbage"), Buffer.alloc(0)]) {
      const { status, message } = await ca.call(body);
      assert.equal(status, 16);
      assert.match(
        message,
        /^TOKEN_MISSING: .*, expected the header authorization: .*: mount .* \(reference 0123456789ab\)$/,
      );
    }
  });

  it("reports the same facts to programs as to people", async () => {
    const { metadata } = await ca.call(await orderBody({ ttl: 7_776_001 }), ca.bearer);
    const details = Buffer.from(String(metadata["grpc-status-details-bin"]), "base64");
    assert.deepEqual(decodeErrorInfo(details), {
      reason: "TTL_TOO_LONG",
      domain: "kasbah",
      metadata: {
        problem: "the requested lifetime is too long",
        expected: "validity_duration of at most 7776000 s",
        seen: "7776001 s",
        fix: "request a shorter lifetime (SECRET_TTL), or 0 for the default",
        referenceId: referenceId,
      },
    });
  });

  it("refuses an identity that the policy denies, names the rule, and does not parse the CSR", async () => {
    const reason = "batch jobs use the other CA";
    ca.policy = policyOf({ allow: false, reason });
    const csr = "no CSR at all";
    const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
    const { status, message } = await ca.call(createCertificate.request.encode(order), ca.bearer);
    assert.equal(status, 7);
    assert.match(
      message,
      /^IDENTITY_NOT_ALLOWED: .* a certificate \(batch jobs use the other CA\), by the rule test: use another/,
    );
    const decided = ca.ledger.entries.at(-1);
    assert.ok(decided?.kind === "refused");
    assert.deepEqual(
      [decided.referenceId, decided.code, decided.caller?.spiffeId, decided.rule],
      [referenceId, "IDENTITY_NOT_ALLOWED", frontend, "test"],
    );
  });

  it("ignores identities in headers, from any peer", async () => {
    const headers = {
      "x-forwarded-client-cert": `By=${frontend};URI=${frontend}`,
      "x-remote-user": "system:serviceaccount:demo:frontend",
    };
    assert.equal((await ca.call(await orderBody(), headers)).status, 16);
  });

  it("refuses another workload's identity to a caller that may only have its own", async () => {
    const { status, message } = await ca.call(await orderBody({ impersonate: frontend }), ca.bearer);
    assert.equal(status, 16);
    assert.match(message, /^IMPERSONATION_REFUSED/);
  });

  it("refuses a body that is not a request", async () => {
    for (const body of ["ff", "0a05ff", "0affffffff0f", "0a02c328"]) {
      const { status, message } = await ca.call(Buffer.from(body, "hex"), ca.bearer);
      assert.equal(status, 3, body);
      assert.match(message, /^(REQUEST|CSR)_MALFORMED/);
    }
  });

  it("refuses a body of more than 64 KiB before it decodes it", async () => {
    const { status } = await ca.call(Buffer.alloc(65 * 1024), ca.bearer);
    assert.equal(status, 8);
  });

  it("refuses a lifetime above the maximum", async () => {
    const { status, message } = await ca.call(await orderBody({ ttl: 7_776_001 }), ca.bearer);
    assert.equal(status, 3);
    assert.match(message, /^TTL_TOO_LONG/);
  });

  it("refuses to issue a certificate that it cannot record, and states when to retry but not why", async () => {
    ca.ledger.isDown = true;
    const { status, message, metadata } = await ca.call(await orderBody(), ca.bearer);
    assert.equal(status, 14);
    assert.equal(message, "LEDGER_UNAVAILABLE: try again later (reference 0123456789ab)");
    assert.equal(metadata["grpc-retry-pushback-ms"], "1000");
  });

  const loggedCodes = () => ca.logger.named("request refused").map(({ facts }) => facts["code"]);

  it("replies LEDGER_UNAVAILABLE if the refusal of an authenticated caller cannot be recorded, and never issues", async () => {
    ca.ledger.isDown = true;
    ca.policy = policyOf({ allow: false });
    const refusals = loggedCodes().length;
    const { status, message } = await ca.call(await orderBody(), ca.bearer);
    assert.equal(status, 14);
    assert.match(message, /^LEDGER_UNAVAILABLE: /);
    assert.deepEqual(
      loggedCodes().slice(refusals),
      ["LEDGER_UNAVAILABLE"],
      "replied and logged under one code",
    );
    assert.equal(
      (await ca.call(await orderBody())).status,
      16,
      "an unauthenticated caller gets its refusal immediately",
    );
  });

  it("logs each refusal once, with its code and reference id, and the caller if it is known", async () => {
    const before = ca.logger.named("request refused").length;
    await ca.call(await orderBody({ ttl: 7_776_001 }), ca.bearer);
    const [refused, ...more] = ca.logger.named("request refused").slice(before);
    assert.equal(more.length, 0);
    assert.equal(refused?.facts["code"], "TTL_TOO_LONG");
    assert.equal(refused?.facts["referenceId"], referenceId);
    assert.equal(refused?.facts["spiffeId"], frontend);
  });
});
