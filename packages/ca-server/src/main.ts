import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import {
  type Component,
  createRegistry,
  createScheduler,
  createStatusServer,
  cronSweep,
  type Logger,
  runMain,
  systemClock,
} from "@kasbah/runtime";
import { unaryRoute } from "@kasbah/runtime/grpc";
import { readJwksFile } from "./authn/jwks-file.ts";
import { fetchJwks } from "./authn/jwks-https.ts";
import { JwksSource } from "./authn/jwks-source.ts";
import { createJwksTokenAuthenticator } from "./authn/jwks-token.ts";
import { createIssuerSet } from "./authorities/issuer-set.ts";
import { loadOrCreateRoot } from "./authorities/self-signed.ts";
import { type ServerConfig, serverCommand, serverOptions } from "./config.ts";
import { createCertificateRoute } from "./grpc/certificate-service.ts";
import { createHealthRoutes } from "./grpc/health-service.ts";
import { GrpcEndpoint } from "./grpc/server.ts";
import { createCaMetrics, registerRootExpiry } from "./http/metrics.ts";
import { readinessOf } from "./http/readiness.ts";
import { createAuthority } from "./issuance/authority.ts";
import { createIssuanceLedger } from "./ledger/issuance-ledger.ts";
import { openSegmentFile } from "./ledger/segment-file.ts";
import { SegmentLog } from "./ledger/segment-log.ts";
import { ServingCertificate } from "./serving-identity.ts";
import { DirectoryLock } from "./store/directory-lock.ts";
import { prepareStateDirectory, publishBundle, showsFormerRoot } from "./store/state-directory.ts";

/** How often a key set is read again: a file costs nothing, an API server a little. */
const jwksIntervalMs = { file: 2_000, https: 300_000 } as const;
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const machine = { isRoot: process.getuid?.() === 0, env: process.env };

await runMain({ command: serverCommand(version), options: serverOptions(machine), compose }, process);

async function compose(config: ServerConfig, logger: Logger): Promise<Component[]> {
  const clock = systemClock;
  const scheduler = createScheduler(clock, cronSweep());
  const writer = createCertificateWriter();
  const newSerial = createSerial;
  const newReferenceId = () => randomBytes(6).toString("hex");
  const registry = createRegistry({ name: "kasbah-server", version });
  const { trustDomain } = config;

  // What is on disk.
  const state = await prepareStateDirectory(config.stateDir);
  const hadRoot = () => showsFormerRoot(state);
  const directory = state.authorities;
  const root = await loadOrCreateRoot({ directory, trustDomain, hadRoot, writer, newSerial, clock, logger });
  const issuers = createIssuerSet([{ ...root, stage: "active" }]);
  await publishBundle(state, issuers.trustBundle());
  const openSegment = () => openSegmentFile(state.ledgerSegment);
  const ledgerLog = new SegmentLog({ openSegment, clock, logger });

  // Who may call.
  const keys = createJwksSource(config, logger);
  const { tokenIssuer: issuer, tokenAudience: audiences } = config;
  const authenticator = createJwksTokenAuthenticator({ keys, issuer, audiences, trustDomain, clock });

  // What they get.
  const policy = { defaultTtlMs: config.defaultTtl, maxTtlMs: config.maxTtl };
  const ledger = createIssuanceLedger(ledgerLog);
  const authority = createAuthority({ authenticator, policy, issuers, writer, newSerial, ledger, clock });

  // Where they call.
  const metrics = createCaMetrics(registry);
  registerRootExpiry(registry, issuers, () => clock.now());
  const readiness = () => readinessOf({ issuers, keys, ledger: ledgerLog, clock });
  const names = config.serverSan;
  const certificate = new ServingCertificate({ issuers, writer, newSerial, names, scheduler, clock, logger });
  const certificateRoute = createCertificateRoute({ authority, metrics, newReferenceId, clock, logger });
  const isReady = () => readiness().ready;
  const routes = (stopping: AbortSignal) => [
    unaryRoute(certificateRoute),
    ...createHealthRoutes({ isReady, clock, stopping }),
  ];
  const endpoint = new GrpcEndpoint({
    address: config.grpcAddress,
    routes,
    certificate,
    newReferenceId,
    logger,
  });
  const status = createStatusServer({ address: config.httpAddress, registry, readiness, logger });

  logger.info("root in use", {
    fingerprint: root.certificate.fingerprint,
    notAfter: root.certificate.notAfter,
  });
  return [new DirectoryLock(state.ledger), ledgerLog, keys, certificate, endpoint, status];
}

function createJwksSource({ jwks, jwksCaFile, jwksTokenFile }: ServerConfig, logger: Logger): JwksSource {
  const clock = systemClock;
  const refreshIntervalMs = jwksIntervalMs[jwks.kind];
  if (jwks.kind === "file") {
    const read = () => readJwksFile(jwks.path);
    return new JwksSource({ location: jwks.path, read, refreshIntervalMs, clock, logger });
  }
  const endpoint = { url: jwks.url, caFile: jwksCaFile, tokenFile: jwksTokenFile };
  const read = (signal: AbortSignal) => fetchJwks(endpoint, signal);
  return new JwksSource({ location: jwks.url.href, read, refreshIntervalMs, clock, logger });
}
