import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import {
  createCertificateRequest,
  createKeyPair,
  createSerial,
  createWorkloadSerial,
  parseSpiffeId,
  parseTrustDomain,
} from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { createCertificate } from "@kasbah/protocol";
import { createScheduler, Registry, systemClock } from "@kasbah/runtime";
import { authenticatedRoute, defaultLimits } from "@kasbah/runtime/rpc";
import {
  createTestAuthority,
  manualSweep,
  type RawCall,
  type RawReply,
  type RecordingLogger,
  rawCall,
  recordingLogger,
} from "@kasbah/testkit";
import { createCallerAuthenticator } from "../authn/caller-authenticator.ts";
import { tokenAlgorithms } from "../authn/jwks/key-set.ts";
import { memoryKeys } from "../authn/jwks/memory-keys.fixture.ts";
import { JwksTokenAuthenticator } from "../authn/jwks/token.ts";
import type { SeenClient } from "../authorities/fixed-roots/root-clients.ts";
import { servingNames } from "../config/serving-names.ts";
import { fixedIssuers } from "../issuance/fixed-issuers.fixture.ts";
import {
  type CertificateIssuance,
  createIssuance,
  type IssuanceDeps,
} from "../issuance/issue-certificate.ts";
import { openAdmission, openPolicy } from "../issuance/open-admission.fixture.ts";
import type { IssuancePolicy } from "../issuance/rules.ts";
import { MemoryLedger } from "../recording/memory-ledger.fixture.ts";
import { type CaMetrics, createCaMetrics } from "../telemetry/metrics.ts";
import type { CallTracing } from "../telemetry/traces/call-tracing.ts";
import { RefusalLines } from "../unauthenticated/refusal-lines.ts";
import { createCertificateRoute } from "./certificate-service.ts";
import { GrpcEndpoint } from "./server.ts";
import { ServingCertificate } from "./serving-certificate.ts";

const clock = systemClock;
const issuer = "https://issuer.test";

/** The identity of the token of {@link CertificateEndpoint}. */
export const frontend = "spiffe://cluster.local/ns/demo/sa/frontend";
/** The reference id of every call. */
export const referenceId = "0123456789ab";

/** The gRPC port with every real dependency except the disk. */
export interface CertificateEndpoint {
  readonly rootPem: string;
  readonly token: string;
  /** The authorization header with that token. */
  readonly bearer: { readonly authorization: string };
  readonly logger: RecordingLogger;
  readonly registry: Registry;
  readonly ledger: MemoryLedger;
  /** The clients that have received a certificate. */
  readonly seen: readonly SeenClient[];
  policy: IssuancePolicy;
  call(body: Uint8Array, headers?: RawCall["headers"], tls?: RawCall["tls"]): Promise<RawReply>;
  stop(): Promise<void>;
}

/** Serves `CreateCertificate` on a port that the system chooses. */
export async function startCertificateEndpoint(tracing?: CallTracing): Promise<CertificateEndpoint> {
  const { certificate, route, state } = await createParts(tracing);
  const { root, logger, token } = state;
  const endpoint = new GrpcEndpoint({
    address: { host: "127.0.0.1", port: 0 },
    routes: () => [authenticatedRoute(route)],
    certificate,
    limits: { ...defaultLimits, maxRequestBytes: 64 * 1024 },
    maxInFlight: 100,
    onOverload: () => undefined,
    newReferenceId: () => referenceId,
    logger,
  });
  await certificate.start();
  await endpoint.start();
  return Object.assign(state, {
    rootPem: root.rootPem,
    bearer: { authorization: `Bearer ${token}` },
    call: (body: Uint8Array, headers: RawCall["headers"] = {}, tls: RawCall["tls"] = {}) => {
      const { port } = endpoint.address;
      return rawCall({ port, ca: root.rootPem, path: createCertificate.path, tls, body, headers });
    },
    async stop() {
      await endpoint.stop();
      await certificate.stop();
    },
  });
}

async function createParts(tracing: CallTracing | undefined) {
  const root = await createTestAuthority("cluster.local");
  const tokens = await createTokenIssuer({ issuer });
  const token = await tokens.mint({ namespace: "demo", serviceAccount: "frontend", now: clock.now() });
  const logger = recordingLogger();
  const registry = new Registry();
  const ledger = new MemoryLedger();
  const { decisions } = ledger;
  const seen: SeenClient[] = [];
  const state = { seen, root, token, logger, registry, ledger, policy: openPolicy };
  const newReferenceId = () => referenceId;
  const deps = { issuers: fixedIssuers(root), writer: createCertificateWriter(), clock, logger };
  const metrics = createCaMetrics(registry);
  const issuance = issuanceOf(state, { ...deps, tokens, metrics });
  const rootClients = { saw: async (client: SeenClient) => void seen.push(client) };
  const refusals = new RefusalLines({ onUnlogged: () => undefined, clock, logger });
  const service = { issuance, metrics, decisions, rootClients, refusals, tracing };
  const scheduler = createScheduler(clock, manualSweep().sweep);
  const log = { record: async () => undefined };
  const names = servingNames({ additional: ["ca.test"], ownSpiffeId: undefined });
  const serving = { names, newSerial: createSerial, log, asksClients: true, scheduler };
  return {
    state,
    route: createCertificateRoute({ ...service, newReferenceId, clock, logger }),
    certificate: new ServingCertificate({ ...deps, ...serving }),
  };
}

function issuanceOf(
  state: Pick<CertificateEndpoint, "policy" | "ledger">,
  {
    tokens,
    metrics,
    ...deps
  }: Pick<IssuanceDeps, "issuers" | "writer" | "clock"> & {
    readonly tokens: DevTokenIssuer;
    readonly metrics: CaMetrics;
  },
): CertificateIssuance {
  return createIssuance({
    ...deps,
    ...openAdmission,
    policy: () => state.policy,
    authenticator: createCallerAuthenticator({
      tokens: [authenticatorOf(tokens)],
      certificates: undefined,
      onChecked: metrics.credentialChecked,
    }),
    newSerial: createWorkloadSerial,
    ledger: state.ledger.decisions,
  });
}

/** Returns the body of a request for the frontend's own certificate, with a new key. */
export async function orderBody(o: { ttl?: number; impersonate?: string } = {}): Promise<Uint8Array> {
  const csr = createCertificateRequest(await createKeyPair("P-256"), parseSpiffeId(frontend));
  const { ttl: validityDurationSeconds = 0, impersonate: impersonatedIdentity = "" } = o;
  return createCertificate.request.encode({
    csr,
    validityDurationSeconds,
    impersonatedIdentity,
    certSigner: "",
  });
}

function authenticatorOf(tokens: DevTokenIssuer): JwksTokenAuthenticator {
  const keys = memoryKeys(tokens.jwks());
  return new JwksTokenAuthenticator({
    issuers: [{ issuer, audiences: ["istio-ca"], algorithms: tokenAlgorithms, keys }],
    trustDomain: parseTrustDomain("cluster.local"),
    clock,
  });
}
