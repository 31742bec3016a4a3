import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { parseCertificates } from "@kasbah/pki";
import { createCertificate, encodeShownRoots, shownRootsHeader } from "@kasbah/protocol";
import type { RawReply } from "@kasbah/testkit";
import {
  type CertificateEndpoint,
  frontend,
  orderBody,
  referenceId,
  startCertificateEndpoint,
} from "./certificate-endpoint.fixture.ts";

describe("CreateCertificate, for an accepted call", () => {
  let ca: CertificateEndpoint;

  before(async () => {
    ca = await startCertificateEndpoint();
  });

  after(() => ca.stop());

  it("serves clients that support only TLS 1.2 or only TLS 1.3, and rejects older ones", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const { status } = await ca.call(await orderBody(), ca.bearer, {
        minVersion: version,
        maxVersion: version,
      });
      assert.equal(status, 0, version);
    }
    const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await assert.rejects(ca.call(await orderBody(), ca.bearer, old));
  });

  it("serves under every name that agents connect to", async () => {
    for (const servername of ["localhost", "istiod.istio-system.svc", "ca.test"]) {
      assert.equal((await ca.call(await orderBody(), ca.bearer, { servername })).status, 0, servername);
    }
  });

  it("returns the leaf and the whole root bundle, one PEM block in each element", async () => {
    const chain = chainOf(await ca.call(await orderBody({ ttl: 3600 }), ca.bearer));
    assert.equal(chain.length, 2);
    const [leaf, bundle] = chain;
    assert.equal(bundle, ca.rootPem);
    for (const element of chain) assert.ok(element.endsWith("-----END CERTIFICATE-----\n"));
    assert.equal(parseCertificates(String(leaf)).length, 1);
    assert.equal(new X509Certificate(String(leaf)).subjectAltName, `URI:${frontend}`);
  });

  it("notes the caller with its address, its program and the roots that it shows", async () => {
    const [root] = parseCertificates(ca.rootPem);
    const shown = encodeShownRoots([root?.fingerprint ?? ""]);
    for (const headers of [{}, { [shownRootsHeader]: shown, "user-agent": "kasbah-agent/1" }])
      await ca.call(await orderBody({ ttl: 3600 }), { ...ca.bearer, ...headers });
    const [stock, agent] = ca.seen.slice(-2);
    assert.equal(stock?.shown, undefined);
    assert.equal(agent?.shown?.contains(root?.fingerprint ?? ""), true);
    assert.deepEqual([agent?.spiffeId, agent?.address], [frontend, "127.0.0.1"]);
    assert.match(String(agent?.program), /^kasbah-agent\/1$/);
  });

  it("accepts the exact request of a stock pilot-agent", async () => {
    const recorded = recordings("pilot-agent-csr");
    assert.equal(recorded.length, 4);
    for (const { name, body, headers, csrKey } of recorded) {
      const chain = chainOf(await ca.call(body, { ...headers, ...ca.bearer }));
      const leaf = new X509Certificate(String(chain[0]));
      assert.equal(leaf.publicKey.export({ type: "spki", format: "pem" }), csrKey, name);
      assert.equal(leaf.subject, undefined, name);
      const lifeMs = Date.parse(leaf.validTo) - Date.parse(leaf.validFrom);
      assert.equal(lifeMs, 86_400_000 + 120_000, name);
    }
  });

  it("accepts the request of a stock ztunnel, except for the identity of another workload", async () => {
    const [recorded] = recordings("ztunnel-csr");
    assert.ok(recorded);
    const refused = await ca.call(recorded.body, { ...recorded.headers, ...ca.bearer });
    assert.equal(refused.status, 16);
    const { csr, ...rest } = createCertificate.request.decode(recorded.body);
    assert.equal(rest.impersonatedIdentity, frontend);
    const own = createCertificate.request.encode({ csr, ...rest, impersonatedIdentity: "" });
    const [leaf] = chainOf(await ca.call(own, ca.bearer, { minVersion: "TLSv1.3" }));
    const seen = new X509Certificate(String(leaf));
    assert.equal(seen.publicKey.export({ type: "spki", format: "pem" }), recorded.csrKey);
  });
});

describe("CreateCertificate, after five calls of which one succeeded", () => {
  let ca: CertificateEndpoint;

  beforeEach(async () => {
    ca = await startCertificateEndpoint();
    await ca.call(await orderBody());
    await ca.call(Buffer.from("ff", "hex"), ca.bearer);
    await ca.call(await orderBody({ ttl: 7_776_001 }), ca.bearer);
    await ca.call(await orderBody({ impersonate: frontend }), ca.bearer);
    await ca.call(await orderBody(), ca.bearer);
  });

  afterEach(() => ca.stop());

  it("logs each call once, and no token, key or PEM", () => {
    assert.equal(ca.logger.named("certificate issued").length, 1);
    assert.equal(ca.logger.named("request refused").length, 4);
    const text = JSON.stringify(ca.logger.events, (_, value) =>
      value instanceof Error ? `${value.message} ${value.cause}` : value,
    );
    assert.ok(text.length > 1000);
    assert.ok(!text.includes(ca.token) && !text.includes("BEGIN") && !text.includes("eyJ"));
  });

  it("counts each call, under Istio's metric name if there is one", async () => {
    const lines = (await ca.registry.metrics()).split("\n");
    const expected = {
      citadel_server_csr_count: 5,
      citadel_server_success_cert_issuance_count: 1,
      citadel_server_authentication_failure_count: 2,
      'citadel_server_csr_sign_err_count{error="TTL_ERROR"}': 1,
      'citadel_server_csr_sign_err_count{error="CSR_ERROR"}': 1,
      'kasbah_refusals{code="TOKEN_MISSING"}': 1,
      'kasbah_refusals{code="REQUEST_MALFORMED"}': 1,
      'kasbah_refusals{code="TTL_TOO_LONG"}': 1,
      'kasbah_refusals{code="IMPERSONATION_REFUSED"}': 1,
      'kasbah_credentials{credential="jwks-token",verdict="accepted"}': 4,
      kasbah_issuance_duration_seconds_count: 1,
      kasbah_refusal_duration_seconds_count: 4,
    };
    for (const [series, count] of Object.entries(expected)) {
      assert.ok(lines.includes(`${series} ${count}`), `${series} ${count} in ${lines.join("\n")}`);
    }
  });

  it("explains to an operator the decision about the last call, and its caller", async () => {
    const issued = ca.ledger.entries.at(-1);
    assert.ok(issued?.kind === "issued");
    assert.deepEqual([issued.caller.spiffeId, issued.rule], [frontend, "default"]);
    assert.match(issued.serial, /^[0-9a-f]{32}$/);
    await ca.call(await orderBody());
    const refused = ca.ledger.decisions.find(referenceId);
    assert.ok(refused?.kind === "refused");
    assert.deepEqual([refused.code, refused.caller], ["TOKEN_MISSING", undefined]);
    assert.deepEqual(ca.ledger.unauthenticated.at(-1), refused);
  });
});

function chainOf({ status, message, body }: RawReply): readonly string[] {
  assert.equal(status, 0, message);
  return createCertificate.response.decode(body).certChain;
}

/**
 * The recorded request of a stock client from `test/fixtures`: the exact body, and the headers without the
 * token.
 */
function recordings(folder: string) {
  const directory = new URL(`../../../../test/fixtures/${folder}/`, import.meta.url);
  const names = readdirSync(directory).filter((name) => name.endsWith(".json"));
  return names.map((name) => {
    const { body_hex: hex, metadata } = JSON.parse(readFileSync(new URL(name, directory), "utf8"));
    const body = Buffer.from(hex, "hex");
    const { csr } = createCertificate.request.decode(body);
    return { name, body, headers: Object.fromEntries(metadata), csrKey: publicKeyOf(csr) };
  });
}

/** Checked with openssl instead of pki. */
function publicKeyOf(csr: string): string {
  return execFileSync("openssl", ["req", "-noout", "-pubkey"], { input: csr, encoding: "utf8" });
}
