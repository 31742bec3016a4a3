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
import { AuthorityKeys } from "./authorities/authority-keys.ts";
import { ExpiryWatch } from "./authorities/expiry-watch.ts";
import { openAuthorities } from "./authorities/open-authorities.ts";
import { readPassphrase } from "./authorities/passphrase.ts";
import { PluggedInSource, type PluggedInSourceParts } from "./authorities/plugged-in-source.ts";
import { RotationDriver } from "./authorities/rotation-driver.ts";
import { timeGate } from "./authorities/rotation-gate.ts";
import { SelfSigned } from "./authorities/self-signed.ts";
import { authoritiesInUse, createTransitionObserver } from "./authorities/transition-observer.ts";
import { type ServerConfig, serverCommand, serverOptions } from "./config.ts";
import { selfSignedProfileOf } from "./config-authorities.ts";
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
import { PublicBundle } from "./store/public-bundle.ts";
import { prepareStateDirectory, showsFormerRoot } from "./store/state-directory.ts";

/** How often a key set is read again: a file costs nothing, an API server a little. */
const jwksIntervalMs = { file: 2_000, https: 300_000 } as const;
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const everySecond = "* * * * * *";
const everyMinute = "0 * * * * *";
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

  // What is on disk, and that nobody else writes there.
  const state = await prepareStateDirectory(config.stateDir);
  const lock = new DirectoryLock(state.root, { pid: process.pid, hostname: hostname(), clock });
  await lock.start();
  const openSegment = () => openSegmentFile(state.ledgerSegment);
  const ledgerLog = new SegmentLog({ openSegment, clock, logger });

  // Who signs, and who is trusted.
  const passphrase = await readPassphrase(config.keyPassphraseFile);
  const keys = new AuthorityKeys({ directory: state.authorities, passphrase });
  const profile = selfSignedProfileOf(config);
  const selfSigned = new SelfSigned({ profile, keys, writer, newSerial, clock });
  const authorities = await openAuthorities({
    directory: state.control,
    trustDomain,
    hadRoot: await showsFormerRoot(state),
    pluggedInDirectory: config.rootCaDir,
    passphrase,
    maxTtlMs: config.maxTtl,
    keys,
    selfSigned,
    clock,
    logger,
  });
  const publicBundle = new PublicBundle({
    path: state.publicBundle,
    bundle: () => authorities.trustBundle(),
    sweep: cronSweep(),
    logger,
  });
  const rotation = new RotationDriver({
    keeper: authorities,
    selfSigned,
    profile,
    gate: timeGate,
    automatic: config.rootRotation === "auto",
    starts: cronSweep(config.rotationSchedule),
    advances: cronSweep(everySecond),
    clock,
    logger,
  });
  const pluggedIn = pluggedInSources(config, {
    passphrase,
    keeper: authorities,
    keys,
    rotation,
    clock,
    logger,
  });
  const expiry = new ExpiryWatch({ authorities, sweep: cronSweep(everyMinute), clock, logger });

  // Who may call.
  const tokenKeys = createJwksSource(config, logger);
  const { tokenIssuer: issuer, tokenAudience: audiences } = config;
  const authenticator = createJwksTokenAuthenticator({
    keys: tokenKeys,
    issuer,
    audiences,
    trustDomain,
    clock,
  });

  // What they get.
  const policy = { defaultTtlMs: config.defaultTtl, maxTtlMs: config.maxTtl };
  const ledger = createIssuanceLedger(ledgerLog);
  const authority = createAuthority({
    authenticator,
    policy,
    issuers: authorities,
    writer,
    newSerial,
    ledger,
    clock,
  });

  // Where they call.
  const metrics = createCaMetrics(registry);
  registerAuthorityMetrics(registry, authorities, () => clock.now());
  const warnings = () => [
    ...rotation.status().warnings,
    ...pluggedIn.flatMap(({ problem }) => problem ?? []),
  ];
  const readiness = () =>
    readinessOf({ issuers: authorities, keys: tokenKeys, ledger: ledgerLog, clock, warnings });
  const names = config.serverSan;
  const certificate = new ServingCertificate({
    issuers: authorities,
    writer,
    newSerial,
    names,
    scheduler,
    clock,
    logger,
  });
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
  const adminSocket = config.adminSocket ?? state.adminSocket;
  const admin = createAdminSocket({ path: adminSocket, operations: rotation, newReferenceId, clock, logger });

  // What a transition changes elsewhere.
  authorities.onTransition(
    createTransitionObserver({ publicBundle, certificate, keeper: authorities, logger }),
  );

  logger.info("authorities in use", authoritiesInUse(authorities.state));
  return [
    lock,
    ledgerLog,
    publicBundle,
    rotation,
    ...pluggedIn,
    expiry,
    tokenKeys,
    certificate,
    endpoint,
    admin,
    status,
  ];
}

function pluggedInSources(
  { rootCaDir, trustDomain }: ServerConfig,
  {
    rotation,
    ...parts
  }: Omit<PluggedInSourceParts, "directory" | "trustDomain" | "onPrepared"> & { rotation: RotationDriver },
): PluggedInSource[] {
  if (rootCaDir === undefined) return [];
  const onPrepared = () => rotation.look(false);
  return [new PluggedInSource({ ...parts, directory: rootCaDir, trustDomain, onPrepared })];
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
