import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { OutgoingHttpHeaders, SecureClientSessionOptions } from "node:http2";
import { createTokenIssuer, type TokenIssuer } from "@kasbah/certs-dev";
import {
  createCertificateRequest,
  createKeyPair,
  createSerial,
  parseCertificates,
  parseSpiffeId,
  parseTrustDomain,
} from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { createCertificate } from "@kasbah/protocol";
import { createScheduler, Registry, systemClock } from "@kasbah/runtime";
import { unaryRoute } from "@kasbah/runtime/grpc";
import {
  createTestAuthority,
  manualSweep,
  type RawReply,
  rawCall,
  recordingLogger,
  type TestAuthority,
} from "@kasbah/testkit";
import { createLocalJWKSet } from "jose";
import { createJwksTokenAuthenticator } from "../authn/jwks-token.ts";
import { CaError } from "../errors.ts";
import { createCaMetrics } from "../http/metrics.ts";
import { createAuthority } from "../issuance/authority.ts";
import { fixedIssuers } from "../issuance/fixed-issuers.test.ts";
import { ServingCertificate } from "../serving-identity.ts";
import { createCertificateRoute } from "./certificate-service.ts";
import { GrpcEndpoint } from "./server.ts";

const clock = systemClock;
const logger = recordingLogger();
const registry = new Registry();
const issuer = "https://issuer.test";
const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";

describe("CreateCertificate over TLS", () => {
  let root: TestAuthority;
  let tokens: TokenIssuer;
  let certificate: ServingCertificate;
  let endpoint: GrpcEndpoint;
  let ledgerIsDown = false;
  let token: string;

  before(async () => {
    root = await createTestAuthority("cluster.local");
    tokens = await createTokenIssuer({ issuer });
    token = await tokens.mint({ namespace: "demo", serviceAccount: "frontend", now: clock.now() });
    const issuers = fixedIssuers(root);
    const parts = { issuers, writer: createCertificateWriter(), newSerial: createSerial, clock, logger };
    const getKey = createLocalJWKSet(tokens.jwks());
    const authenticator = createJwksTokenAuthenticator({
      keys: { current: () => getKey, refreshForUnknownKey: async () => undefined },
      issuer,
      audiences: ["istio-ca"],
      trustDomain: parseTrustDomain("cluster.local"),
      clock,
    });
    const ledger = {
      record: async () => {
        if (ledgerIsDown)
          throw new CaError("LEDGER_UNAVAILABLE", "no space left", { cause: new Error("ENOSPC") });
      },
    };
    const policy = { defaultTtlMs: 86_400_000, maxTtlMs: 7_776_000_000 };
    const authority = createAuthority({ ...parts, authenticator, policy, ledger });
    const metrics = createCaMetrics(registry);
    const newReferenceId = () => "0123456789ab";
    const route = createCertificateRoute({ authority, metrics, newReferenceId, clock, logger });
    const scheduler = createScheduler(clock, manualSweep().sweep);
    certificate = new ServingCertificate({ ...parts, names: ["ca.test"], scheduler });
    const address = { host: "127.0.0.1", port: 0 };
    endpoint = new GrpcEndpoint({
      address,
      routes: () => [unaryRoute(route)],
      certificate,
      newReferenceId,
      logger,
    });
    await certificate.start();
    await endpoint.start();
  });

  after(async () => {
    await endpoint.stop();
    await certificate.stop();
  });

  afterEach(() => {
    ledgerIsDown = false;
  });

  const call = (body: Uint8Array, headers: OutgoingHttpHeaders = {}, tls: SecureClientSessionOptions = {}) =>
    rawCall({
      port: endpoint.address.port,
      ca: root.rootPem,
      path: createCertificate.path,
      tls,
      body,
      headers,
    });
  const bearer = () => ({ authorization: `Bearer ${token}` });

  async function request(o: { ttl?: number; impersonate?: string } = {}): Promise<Uint8Array> {
    const csr = createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId(frontend));
    const { ttl: validityDurationSeconds = 0, impersonate: impersonatedIdentity = "" } = o;
    return createCertificate.request.encode({
      csr,
      validityDurationSeconds,
      impersonatedIdentity,
      certSigner: "",
    });
  }

  describe("refuses", () => {
    it("a call without credentials, whatever its body", async () => {
      for (const body of [await request(), Buffer.from("garbage"), Buffer.alloc(0)]) {
        const { status, message } = await call(body);
        assert.equal(status, 16);
        assert.match(message, /^TOKEN_MISSING: .* \(reference 0123456789ab\)$/);
      }
    });

    it("identities by header, from any peer", async () => {
      const headers = {
        "x-forwarded-client-cert": `By=${frontend};URI=${frontend}`,
        "x-remote-user": "system:serviceaccount:demo:frontend",
      };
      assert.equal((await call(await request(), headers)).status, 16);
    });

    it("another workload's identity to a caller that only has its own", async () => {
      const { status, message } = await call(await request({ impersonate: frontend }), bearer());
      assert.equal(status, 16);
      assert.match(message, /^IMPERSONATION_REFUSED/);
    });

    it("bodies that are no request", async () => {
      for (const body of ["ff", "0a05ff", "0affffffff0f", "0a02c328"]) {
        const { status, message } = await call(Buffer.from(body, "hex"), bearer());
        assert.equal(status, 3, body);
        assert.match(message, /^(REQUEST|CSR)_MALFORMED/);
      }
    });

    it("a body over 64 KiB before it is decoded", async () => {
      const { status } = await call(Buffer.alloc(65 * 1024), bearer());
      assert.equal(status, 8);
    });

    it("a lifetime over the maximum", async () => {
      const { status, message } = await call(await request({ ttl: 7_776_001 }), bearer());
      assert.equal(status, 3);
      assert.match(message, /^TTL_TOO_LONG/);
    });

    it("to issue what it can not record, and says when to come again and not why", async () => {
      ledgerIsDown = true;
      const { status, message, metadata } = await call(await request(), bearer());
      assert.equal(status, 14);
      assert.equal(message, "LEDGER_UNAVAILABLE: try again later (reference 0123456789ab)");
      assert.equal(metadata["grpc-retry-pushback-ms"], "1000");
    });

    it("and logs each refusal once, with its code and reference and the caller if known", async () => {
      const before = logger.named("request refused").length;
      await call(await request({ ttl: 7_776_001 }), bearer());
      const [refused, ...more] = logger.named("request refused").slice(before);
      assert.equal(more.length, 0);
      assert.equal(refused?.facts["code"], "TTL_TOO_LONG");
      assert.equal(refused?.facts["referenceId"], "0123456789ab");
      assert.equal(refused?.facts["spiffeId"], frontend);
    });
  });

  describe("serves", () => {
    it("clients of TLS 1.2 alone and of TLS 1.3 alone, and no older ones", async () => {
      for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
        const { status } = await call(await request(), bearer(), {
          minVersion: version,
          maxVersion: version,
        });
        assert.equal(status, 0, version);
      }
      const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
      await assert.rejects(call(await request(), bearer(), old));
    });

    it("under every name that agents dial", async () => {
      for (const servername of ["localhost", "istiod.istio-system.svc", "ca.test"]) {
        assert.equal((await call(await request(), bearer(), { servername })).status, 0, servername);
      }
    });

    it("the leaf and the whole root bundle, one PEM in each element", async () => {
      const chain = chainOf(await call(await request({ ttl: 3600 }), bearer()));
      assert.equal(chain.length, 2);
      const [leaf, bundle] = chain;
      assert.equal(bundle, root.rootPem);
      for (const element of chain) assert.ok(element.endsWith("-----END CERTIFICATE-----\n"));
      assert.equal(parseCertificates(String(leaf)).length, 1);
      assert.equal(new X509Certificate(String(leaf)).subjectAltName, `URI:${frontend}`);
    });

    it("what stock pilot-agents send, byte for byte", async () => {
      const recorded = recordings("pilot-agent-csr");
      assert.equal(recorded.length, 4);
      for (const { name, body, headers, csrKey } of recorded) {
        const chain = chainOf(await call(body, { ...headers, ...bearer() }));
        const leaf = new X509Certificate(String(chain[0]));
        assert.equal(leaf.publicKey.export({ type: "spki", format: "pem" }), csrKey, name);
        assert.equal(leaf.subject, undefined, name);
        const lifeMs = Date.parse(leaf.validTo) - Date.parse(leaf.validFrom);
        assert.equal(lifeMs, 86_400_000 + 120_000, name);
      }
    });

    it("what a stock ztunnel sends, but for the identity of another that it asks for", async () => {
      const [recorded] = recordings("ztunnel-csr");
      assert.ok(recorded);
      const refused = await call(recorded.body, { ...recorded.headers, ...bearer() });
      assert.equal(refused.status, 16);
      const { csr, ...rest } = createCertificate.request.decode(recorded.body);
      assert.equal(rest.impersonatedIdentity, frontend);
      const own = createCertificate.request.encode({ csr, ...rest, impersonatedIdentity: "" });
      const [leaf] = chainOf(await call(own, bearer(), { minVersion: "TLSv1.3" }));
      const seen = new X509Certificate(String(leaf));
      assert.equal(seen.publicKey.export({ type: "spki", format: "pem" }), recorded.csrKey);
    });
  });

  describe("tells", () => {
    it("the log no token, key or PEM", () => {
      const text = JSON.stringify(logger.events, (_, value) =>
        value instanceof Error ? `${value.message} ${value.cause}` : value,
      );
      assert.ok(text.length > 1000);
      assert.ok(!text.includes(token) && !text.includes("BEGIN") && !text.includes("eyJ"));
    });

    it("its metrics everything under Istio's names", async () => {
      const text = await registry.metrics();
      const value = (name: string) =>
        Number(
          text
            .split("\n")
            .find((line) => line.startsWith(`${name} `))
            ?.split(" ")[1],
        );
      const [received, issued] = [
        value("citadel_server_csr_count"),
        value("citadel_server_success_cert_issuance_count"),
      ];
      const strangers = value("citadel_server_authentication_failure_count");
      assert.ok(issued > 8 && strangers > 4 && received > issued + strangers, text);
      assert.ok(value('citadel_server_csr_sign_err_count{error="TTL_ERROR"}') >= 2);
      assert.ok(value('citadel_server_csr_sign_err_count{error="CSR_ERROR"}') >= 4);
      assert.ok(value('kasbah_refusals{code="TOKEN_MISSING"}') >= 4);
      assert.equal(value("kasbah_issuance_duration_seconds_count"), issued);
    });
  });
});

function chainOf({ status, message, body }: RawReply): readonly string[] {
  assert.equal(status, 0, message);
  return createCertificate.response.decode(body).certChain;
}

/** What `test/fixtures` holds of a stock client: its body to the byte, its headers without the token. */
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

/** By openssl's eyes, not ours. */
function publicKeyOf(csr: string): string {
  return execFileSync("openssl", ["req", "-noout", "-pubkey"], { input: csr, encoding: "utf8" });
}
