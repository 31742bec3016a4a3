import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
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
import { createAdminSocket } from "./admin/admin-socket.ts";
import { readJwksFile } from "./authn/jwks-file.ts";
import { fetchJwks } from "./authn/jwks-https.ts";
import { JwksSource } from "./authn/jwks-source.ts";
import { createJwksTokenAuthenticator } from "./authn/jwks-token.ts";
import { authoritySettingsOf } from "./authorities/authority-settings.ts";
import { createAuthorities } from "./authorities/create-authorities.ts";
import { timeGate } from "./authorities/rotation/rotation-gate.ts";
import { authoritiesInUse, createTransitionObserver } from "./authorities/transition-observer.ts";
import { type ServerConfig, serverCommand, serverOptions } from "./config.ts";
import { createCertificateRoute } from "./grpc/certificate-service.ts";
import { createHealthRoutes } from "./grpc/health-service.ts";
import { GrpcEndpoint } from "./grpc/server.ts";
import { registerAuthorityMetrics } from "./http/authority-metrics.ts";
import { createCaMetrics } from "./http/metrics.ts";
import { readinessOf } from "./http/readiness.ts";
import { createAuthority } from "./issuance/authority.ts";
import { createIssuanceLedger } from "./ledger/issuance-ledger.ts";
import { openSegmentFile } from "./ledger/segment-file.ts";
import { SegmentLog } from "./ledger/segment-log.ts";
import { ServingCertificate } from "./serving-identity.ts";
import { DirectoryLock } from "./store/directory-lock.ts";
import { prepareStateDirectory } from "./store/state-directory.ts";

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

  // What is on disk, and that nobody else writes there.
  const state = await prepareStateDirectory(config.stateDir);
  const lock = new DirectoryLock(state.control, { pid: process.pid, hostname: hostname(), clock });
  await lock.start();
  const openSegment = () => openSegmentFile(state.ledgerSegment);
  const ledgerLog = new SegmentLog({ openSegment, clock, logger });

  // Who signs, and who is trusted.
  const authorities = await createAuthorities({
    state,
    settings: await authoritySettingsOf(config),
    gate: timeGate,
    sweeps: {
      starts: cronSweep(config.rotationSchedule),
      advances: cronSweep("* * * * * *"),
      bundle: cronSweep(),
      expiry: cronSweep("0 * * * * *"),
    },
    writer,
    newSerial,
    clock,
    logger,
  });
  const { keeper: issuers, rotation, publicBundle, warnings } = authorities;

  // Who may call.
  const tokenKeys = createJwksSource(config, logger);
  const { tokenIssuer: issuer, tokenAudience: audiences } = config;
  const caller = { issuer, audiences, trustDomain: config.trustDomain };
  const authenticator = createJwksTokenAuthenticator({ keys: tokenKeys, ...caller, clock });

  // What they get.
  const policy = { defaultTtlMs: config.defaultTtl, maxTtlMs: config.maxTtl };
  const ledger = createIssuanceLedger(ledgerLog);
  const authority = createAuthority({ authenticator, policy, issuers, writer, newSerial, ledger, clock });

  // Where they call.
  const metrics = createCaMetrics(registry);
  registerAuthorityMetrics(registry, issuers, warnings, () => clock.now());
  const readiness = () => readinessOf({ issuers, keys: tokenKeys, ledger: ledgerLog, clock, warnings });
  const names = config.serverSan;
  const certificate = new ServingCertificate({ issuers, writer, newSerial, names, scheduler, clock, logger });
  const certificateRoute = createCertificateRoute({ authority, metrics, newReferenceId, clock, logger });
  const isReady = () => readiness().ready;
  const routes = (stopping: AbortSignal) => [
    unaryRoute(certificateRoute),
    ...createHealthRoutes({ isReady, clock, stopping }),
  ];
  const address = config.grpcAddress;
  const endpoint = new GrpcEndpoint({ address, routes, certificate, newReferenceId, logger });
  const status = createStatusServer({ address: config.httpAddress, registry, readiness, logger });
  const path = config.adminSocket ?? state.adminSocket;
  const admin = createAdminSocket({ path, operations: rotation, newReferenceId, clock, logger });

  // What a transition changes elsewhere.
  issuers.onTransition(createTransitionObserver({ publicBundle, certificate, keeper: issuers, logger }));
  logger.info("authorities in use", authoritiesInUse(issuers.state));
  return [lock, ledgerLog, ...authorities.components, tokenKeys, certificate, endpoint, admin, status];
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
