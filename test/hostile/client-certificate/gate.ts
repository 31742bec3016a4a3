import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import {
  type Certificate,
  createKeyPair,
  createSerial,
  createWorkloadSerial,
  parseTrustDomain,
  TrustBundle,
} from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { createScheduler, Registry, systemClock } from "@kasbah/runtime";
import { authenticatedRoute, defaultLimits } from "@kasbah/runtime/rpc";
import {
  createTestAuthority,
  FakeClock,
  manualSweep,
  recordingLogger,
  type TestAuthority,
} from "@kasbah/testkit";
import { createCallerAuthenticator } from "../../../packages/ca-server/src/authn/caller-authenticator.ts";
import { ClientCertificateAuthenticator } from "../../../packages/ca-server/src/authn/client-certificate.ts";
import { tokenAlgorithms } from "../../../packages/ca-server/src/authn/jwks/key-set.ts";
import { memoryKeys } from "../../../packages/ca-server/src/authn/jwks/memory-keys.fixture.ts";
import { JwksTokenAuthenticator } from "../../../packages/ca-server/src/authn/jwks/token.ts";
import { noImpersonation } from "../../../packages/ca-server/src/authn/node-impersonation.ts";
import { createCertificateRoute } from "../../../packages/ca-server/src/grpc/certificate-service.ts";
import { GrpcEndpoint } from "../../../packages/ca-server/src/grpc/server.ts";
import { ServingCertificate } from "../../../packages/ca-server/src/grpc/serving-certificate.ts";
import { createIssuance } from "../../../packages/ca-server/src/issuance/issue-certificate.ts";
import { ReservedNames } from "../../../packages/ca-server/src/issuance/names/reserved-names.ts";
import type { Issuer } from "../../../packages/ca-server/src/issuance/ports.ts";
import { openTerms } from "../../../packages/ca-server/src/issuance/rules.ts";
import { MemoryLedger } from "../../../packages/ca-server/src/recording/memory-ledger.fixture.ts";
import { type CaMetrics, createCaMetrics } from "../../../packages/ca-server/src/telemetry/metrics.ts";

const tokenIssuer = "https://issuer.test";
const trustDomain = parseTrustDomain("cluster.local");
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
export const maxRenewalAgeMs = 7 * dayMs;

/** The active intermediate under the root, which signs the leaves here. */
export interface Intermediate {
  readonly certificate: Certificate;
  readonly keyPair: Awaited<ReturnType<typeof createKeyPair>>;
  readonly signingKey: Intermediate["keyPair"];
}

/** The trusted authorities; a test changes them as a rotation does. */
export interface Trust {
  readonly root: TestAuthority;
  /** Issued by `root`. */
  readonly intermediate: Intermediate;
  /** In the bundle initially. */
  readonly retiring: TestAuthority;
  bundle: TrustBundle;
}

/** The CA's gRPC server as composed in production, with a clock and a trust bundle that tests control. */
export interface Gate {
  readonly port: number;
  readonly trust: Trust;
  /**
   * The clock used to authenticate callers; the server's own certificate uses the machine's clock, as TLS
   * clients do.
   */
  readonly clock: FakeClock;
  readonly tokens: DevTokenIssuer;
  readonly ledger: MemoryLedger;
  readonly registry: Registry;
  /** Why connections ended before their first call. */
  readonly handshakeFailures: readonly string[];
  /** Replaces the bundle, and optionally leaves TLS with the previous one. */
  setBundle(roots: readonly Certificate[], tls?: "updates TLS" | "keeps the bundle of TLS"): void;
  stop(): Promise<void>;
}

export async function openGate(): Promise<Gate> {
  const trust = await createTrust();
  const clock = new FakeClock(systemClock.now());
  const logger = recordingLogger();
  const registry = new Registry();
  const metrics = createCaMetrics(registry);
  const tokens = await createTokenIssuer({ issuer: tokenIssuer });
  const ledger = new MemoryLedger();
  const parts = { issuers: issuersOf(trust), writer: createCertificateWriter(), logger };
  const authority = createIssuance({
    ...parts,
    authenticator: createAuthenticator(trust, tokens, clock, metrics),
    impersonation: noImpersonation,
    issuerScopes: { check: () => undefined },
    policy: () => ({
      defaultTtlMs: dayMs,
      maxTtlMs: 90 * dayMs,
      ttlCeilingMs: dayMs,
      rules: [],
      fallback: terms,
      reservedNames: ReservedNames.none,
    }),
    ownSpiffeId: undefined,
    maxRenewalAgeMs,
    throttle: { takeOwn: () => undefined, takeGlobal: () => undefined },
    keyHolders: { isSharedBy: () => false },
    ledger: ledger.decisions,
    observer: { onIgnored: () => undefined, onSharedKey: () => undefined },
    newSerial: createWorkloadSerial,
    clock,
  });
  const certificate = new ServingCertificate({
    ...parts,
    newSerial: createSerial,
    log: { record: async () => undefined },
    names: [{ kind: "ip", value: "127.0.0.1" }],
    asksClients: true,
    scheduler: createScheduler(systemClock, manualSweep().sweep),
    clock: systemClock,
  });
  const newReferenceId = () => "0123456789ab";
  const { decisions } = ledger;
  const rootClients = { saw: async () => undefined };
  const service = {
    ...{ issuance: authority, metrics, decisions, rootClients, newReferenceId, clock, logger },
    refusals: { write: () => undefined },
  };
  const handshakeFailures: string[] = [];
  const endpoint = new GrpcEndpoint({
    address: { host: "127.0.0.1", port: 0 },
    routes: () => [authenticatedRoute(createCertificateRoute(service))],
    certificate,
    limits: defaultLimits,
    maxInFlight: 100,
    onOverload: () => undefined,
    onHandshakeFailure: (reason) => handshakeFailures.push(reason),
    newReferenceId,
    logger,
  });
  await certificate.start();
  await endpoint.start();
  return {
    port: endpoint.address.port,
    trust,
    clock,
    tokens,
    ledger,
    registry,
    handshakeFailures,
    setBundle(roots, tls = "updates TLS") {
      trust.bundle = TrustBundle.from(roots);
      if (tls === "updates TLS") certificate.trustChanged();
    },
    async stop() {
      await endpoint.stop();
      await certificate.stop();
    },
  };
}

/** The policy adds a host name to every leaf, as for clients that verify only host names. */
const terms = { ...openTerms, dnsNames: ["{serviceAccount}.{namespace}.svc"] };

async function createTrust(): Promise<Trust> {
  const root = await createTestAuthority("cluster.local");
  const retiring = await createTestAuthority("cluster.local");
  const keyPair = await createKeyPair("P-256");
  const { notBefore, notAfter } = root.certificate;
  const certificate = await createCertificateWriter().writeIntermediate(
    {
      serial: createSerial(),
      validity: { notBefore, notAfter },
      organization: "cluster.local",
      commonName: "intermediate 1",
      publicKey: keyPair.publicKey,
      permittedTrustDomain: trustDomain,
    },
    root,
  );
  const bundle = TrustBundle.from([root.certificate, retiring.certificate]);
  return { root, retiring, intermediate: { certificate, keyPair, signingKey: keyPair }, bundle };
}

function issuersOf(trust: Trust) {
  const { root, intermediate } = trust;
  const latestLeafExpiry = root.certificate.notAfter;
  const active: Issuer = {
    ...intermediate,
    authorityId: "intermediate-1",
    intermediates: [intermediate.certificate],
    latestLeafExpiry,
  };
  const serving: Issuer = { ...root, authorityId: "root-1", intermediates: [], latestLeafExpiry };
  return {
    activeIssuer: () => active,
    servingIssuer: () => ({ ...serving, crossCertificates: [] }),
    coverLeaf: async () => undefined,
    trustBundle: () => trust.bundle,
  };
}

function createAuthenticator(trust: Trust, tokens: DevTokenIssuer, clock: FakeClock, metrics: CaMetrics) {
  const keys = memoryKeys(tokens.jwks());
  const issuers = [{ issuer: tokenIssuer, audiences: ["istio-ca"], keys, algorithms: tokenAlgorithms }];
  const authorities = {
    trustBundle: () => trust.bundle,
    knownChains: () => [[trust.intermediate.certificate], []],
    isDistrusted: () => false,
  };
  const marks = { isGone: () => false, issuerOf: () => undefined };
  return createCallerAuthenticator({
    tokens: [new JwksTokenAuthenticator({ issuers, trustDomain, clock })],
    certificates: new ClientCertificateAuthenticator({
      authorities,
      trustDomain,
      maxRenewalAgeMs,
      marks,
      issuerMarks: { issuerOf: () => undefined },
      clock,
    }),
    onChecked: metrics.credentialChecked,
  });
}
