import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { prepareLedgerDirectory } from "@kasbah/ledger";
import { createSerial, createWorkloadSerial } from "@kasbah/pki";
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
import { unaryRoute } from "@kasbah/runtime/rpc";
import { createAdminSocket } from "./admin/admin-socket.ts";
import { createKeyHolders } from "./admission/key-holders.ts";
import { PolicySource } from "./admission/policy/source.ts";
import { createThrottle } from "./admission/throttle.ts";
import { createAuthn } from "./authn/create-authn.ts";
import { timedAuthenticator } from "./authn/timed-authenticator.ts";
import { openDirectoryBacking } from "./authorities/backing.ts";
import { createAuthorities } from "./authorities/create-authorities.ts";
import { timeGate } from "./authorities/rotation/rotation-gate.ts";
import { authoritySettingsOf } from "./authorities/settings.ts";
import { authoritiesInUse, createTransitionObserver } from "./authorities/transition-observer.ts";
import { type ServerConfig, serverCommand, serverOptions } from "./config/config.ts";
import { fileProblems } from "./config/file-problems.ts";
import { limitsOf } from "./config/limits.ts";
import { createCertificateRoute } from "./grpc/certificate-service.ts";
import { createHealthRoutes } from "./grpc/health-service.ts";
import { GrpcEndpoint } from "./grpc/server.ts";
import { ServingCertificate } from "./grpc/serving-certificate.ts";
import { createIssuance } from "./issuance/issue-certificate.ts";
import { createKubernetes } from "./kubernetes/create-kubernetes.ts";
import { createLedger } from "./recording/create-ledger.ts";
import { TransitionLog } from "./recording/transition-log.ts";
import { DirectoryLock } from "./store/directory-lock.ts";
import { prepareStateDirectory, showsFormerRoot } from "./store/state-directory.ts";
import { registerAuthorityMetrics } from "./telemetry/authority-metrics.ts";
import { createLedgerMetrics, registerLedgerGauges } from "./telemetry/ledger-metrics.ts";
import { createCaMetrics, registerPublisherGauge, registerServerGauges } from "./telemetry/metrics.ts";
import { readinessOf } from "./telemetry/readiness.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const machine = { isRoot: process.getuid?.() === 0, env: process.env };

const command = serverCommand(version);
await runMain({ command, options: serverOptions(machine), checkFiles: fileProblems, compose }, process);

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
  const ledger = createLedger({
    directory: await prepareLedgerDirectory(state.ledger),
    trustDomain: config.trustDomain.name,
    newKey: () => generateKeyPairSync("ed25519").privateKey,
    retentionMs: config.ledgerRetention,
    sweeps: { second: cronSweep("* * * * * *"), hour: cronSweep("0 17 * * * *") },
    metrics: createLedgerMetrics(registry),
    clock,
    logger,
  });

  // Who signs, and who is trusted.
  const settings = await authoritySettingsOf(config);
  const kubernetes = createKubernetes({
    config,
    hostname: hostname(),
    passphrase: settings.passphrase,
    newId: newReferenceId,
    roll: Math.random,
    clock,
    logger,
  });
  const shared = await kubernetes?.openBacking(await showsFormerRoot(state));
  const authorities = await createAuthorities({
    state,
    settings,
    backing: shared ?? (await openDirectoryBacking({ state, settings, clock, logger })),
    takeOver: async () => kubernetes?.takeOver(),
    leads: () => kubernetes?.leads() ?? true,
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
  const metrics = createCaMetrics(registry);
  const callers = await createAuthn({
    config,
    authorities: issuers,
    kubernetes,
    onJudged: metrics.credentialJudged,
    onReview: metrics.tokenReviewed,
    clock,
    logger,
  });

  // What they get.
  const { policy: path, defaultTtl: defaultTtlMs, maxTtl: maxTtlMs } = config;
  const policy = new PolicySource({ path, defaultTtlMs, maxTtlMs, clock, logger });
  const authority = createIssuance({
    authenticator: timedAuthenticator(callers.authenticator, clock, metrics.authenticated),
    impersonation: callers.impersonation,
    policy: () => policy.current(),
    throttle: createThrottle(clock),
    keyHolders: createKeyHolders(),
    observer: { onIgnored: metrics.requestIgnored, onSharedKey: metrics.keyShared },
    issuers,
    writer,
    newSerial: createWorkloadSerial,
    ledger: ledger.decisions,
    clock,
  });

  // Where they call.
  const allWarnings = () => [
    ...warnings(),
    ...callers.warnings(),
    ...policy.warnings(),
    ...(kubernetes?.warnings() ?? []),
  ];
  registerAuthorityMetrics(registry, issuers, allWarnings, () => clock.now());
  const troubles = () => [...callers.troubles(), ...(kubernetes?.troubles() ?? [])];
  const readiness = () =>
    readinessOf({ issuers, callers: { troubles }, ledger: ledger.log, clock, warnings: allWarnings });
  const certificate = new ServingCertificate({
    issuers,
    writer,
    newSerial,
    names: config.serverSan,
    asksClients: !config.noClientCertificates,
    scheduler,
    clock,
    logger,
  });
  const { decisions } = ledger;
  const service = { authority, metrics, decisions, newReferenceId, clock, logger };
  const isReady = () => readiness().ready;
  const endpoint = new GrpcEndpoint({
    address: config.grpcAddress,
    routes: (stopping) => [
      unaryRoute(createCertificateRoute(service)),
      ...createHealthRoutes({ isReady, clock, stopping }),
    ],
    certificate,
    limits: limitsOf(config),
    maxInFlight: config.maxInFlight,
    onOverload: metrics.overloaded,
    newReferenceId,
    logger,
  });
  registerServerGauges(registry, endpoint);
  registerLedgerGauges(registry, () => ({ size: ledger.log.size, signedSize: ledger.tree.signedSize }));
  if (kubernetes !== undefined) registerPublisherGauge(registry, kubernetes);
  const status = createStatusServer({ address: config.httpAddress, registry, readiness, logger });
  const admin = createAdminSocket({
    path: config.adminSocket ?? state.adminSocket,
    operations: rotation,
    record: ledger.operators,
    admission: { decisions, onRecord: ledger.index, policy },
    newReferenceId,
    clock,
    logger,
  });

  // What a transition changes elsewhere.
  issuers.onTransition(createTransitionObserver({ publicBundle, certificate, keeper: issuers, logger }));
  issuers.onTransition(() => kubernetes?.publish(issuers.trustBundle()));
  const authorityRecord = new TransitionLog({
    log: ledger.log,
    state: () => issuers.state,
    sweep: cronSweep("30 * * * * *"),
    clock,
    logger,
  });
  issuers.onTransition(() => authorityRecord.changed());
  kubernetes?.publish(issuers.trustBundle());
  kubernetes?.onLeading(() => void rotation.look(true));
  logger.info("authorities in use", authoritiesInUse(issuers.state));
  return [
    lock,
    ...ledger.components,
    authorityRecord,
    policy,
    ...authorities.components,
    ...callers.components,
    ...(kubernetes?.components ?? []),
    certificate,
    endpoint,
    admin,
    status,
  ];
}
