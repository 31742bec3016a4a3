import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import process from "node:process";
import { prepareLedgerDirectory } from "@kasbah/ledger";
import { createSerial, createWorkloadSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import {
  type Component,
  createScheduler,
  cronSweep,
  type Logger,
  runMain,
  systemClock,
} from "@kasbah/runtime";
import { createAdminSocket } from "./admin/admin-socket.ts";
import { createAdmission } from "./admission/create-admission.ts";
import { loadPolicy } from "./admission/policy/file.ts";
import { policyDnsNames } from "./admission/policy-dns-names.ts";
import { createAuthn } from "./authn/create-authn.ts";
import { loadTokenIssuers } from "./authn/jwks/issuers-file.ts";
import { type AuthorityOptions, loadAuthorityOptions } from "./authorities/authority-options.ts";
import {
  type Authorities,
  type AuthoritiesDeps,
  createAuthorities,
} from "./authorities/create-authorities.ts";
import { forPublication } from "./authorities/plugged-in/earlier-releases.ts";
import type { Rehearse } from "./authorities/rehearsal/candidate.ts";
import { createPolicyWarnings } from "./authorities/rehearsal/policy-warnings.ts";
import { createRehearsal } from "./authorities/rehearsal/rehearse.ts";
import { timeGate } from "./authorities/rotation/rotation-gate.ts";
import { authoritiesInUse, createTransitionObserver } from "./authorities/transition-observer.ts";
import { readBootId } from "./clock/boot-id.ts";
import { clockConditions } from "./clock/conditions.ts";
import { type CaClock, createClock } from "./clock/create-clock.ts";
import { ClockOperator } from "./clock/operations.ts";
import { retryInDoubt } from "./clock/retry-in-doubt.ts";
import type { TrustedClock } from "./clock/trusted-clock.ts";
import { clockBoundsOf } from "./config/clock.ts";
import { type ServerConfig, serverCommand, serverOptions } from "./config/config.ts";
import { fileProblems } from "./config/file-problems.ts";
import { createGrpcServer } from "./grpc/create-grpc-server.ts";
import type { ServingCertificate } from "./grpc/serving-certificate.ts";
import { servingNames } from "./grpc/serving-names.ts";
import { createIssuance } from "./issuance/issue-certificate.ts";
import { apiTimeOf, createKubernetes, type Kubernetes } from "./kubernetes/create-kubernetes.ts";
import { pluggedInProblems } from "./offline/plugged-in-problems.ts";
import { createMover } from "./ownership/create-mover.ts";
import { isFirstReplica } from "./ownership/first-replica.ts";
import { type OpenedOwner, openOwner } from "./ownership/open-owner.ts";
import { ControlAnchors } from "./recording/control-anchors.ts";
import { type CaLedger, createLedger } from "./recording/create-ledger.ts";
import { PeerHeads } from "./recording/peer-heads.ts";
import { TransitionLog } from "./recording/transition-log.ts";
import { DirectoryLock } from "./store/directory-lock.ts";
import { prepareStateDirectory, type StateDirectory, showsFormerRoot } from "./store/state-directory.ts";
import { readVolumeId } from "./store/volume-id.ts";
import { createTelemetry, type Telemetry } from "./telemetry/create-telemetry.ts";
import { createReadiness } from "./telemetry/readiness.ts";
import { StatusEndpoint } from "./telemetry/status-endpoint.ts";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const machine = { isRoot: process.getuid?.() === 0, env: process.env };
const host = { pid: process.pid, hostname: hostname() };

const writer = createCertificateWriter();
const newSerial = createSerial;
const newReferenceId = () => randomBytes(6).toString("hex");
const everySecond = cronSweep("* * * * * *");

const command = serverCommand(version);
await runMain({ command, options: serverOptions(machine), checkFiles, compose }, process);

async function checkFiles(config: ServerConfig, purpose: "run" | "check"): Promise<readonly string[]> {
  const { policy, tokenIssuers } = config;
  const problems = await Promise.all([
    // A running CA keeps the set in use, even if it would be refused today.
    purpose === "check" ? pluggedInProblems(config, systemClock) : [],
    fileProblems("--policy", policy, loadPolicy),
    fileProblems("--token-issuers", tokenIssuers, loadTokenIssuers),
  ]);
  return problems.flat();
}

/** Creates the rooms of the CA, and returns their components in the order in which they start. */
async function compose(config: ServerConfig, logger: Logger): Promise<Component[]> {
  const telemetry = createTelemetry(version);
  const metrics = telemetry.calls;

  const state = await prepareStateDirectory(config.stateDir);
  const lock = new DirectoryLock(state.control, { ...host, clock: systemClock });
  await lock.start();
  const time = await openClock(state, config, logger);
  const { clock } = time;
  const common = { config, clock, logger };
  const anchors = new ControlAnchors(
    await readVolumeId(state.control, newReferenceId),
    config.stateSecret !== undefined,
  );
  const ledger = await openLedger({ state, telemetry, clock, anchors }, config, logger);

  const options = await loadAuthorityOptions(config);
  const mayLead = () => clock.holds() === undefined;
  const timeInDoubt = () => (clock.isWallTrusted() ? undefined : clock.now());
  const identity = {
    hostname: host.hostname,
    newId: newReferenceId,
    roll: Math.random,
    mayLead,
    timeInDoubt,
  };
  const kubernetes = createKubernetes({ ...common, ...identity, passphrase: options.passphrase });
  const status = new StatusEndpoint({ address: config.httpAddress, registry: telemetry.registry, logger });
  const owned = await openStateOwner({ state, options, kubernetes, status, time }, config, logger);
  const parts = { state, options, kubernetes, owned, ledger, time };
  const authorities = await openAuthorities(parts, config, logger);
  const { keeper: issuers, rotation, rootClients } = authorities;
  anchors.follow(issuers);
  const peers = new PeerHeads({ heads: () => anchors.heads(), sweep: cronSweep("15 * * * * *"), logger });

  const authn = await createAuthn({ ...common, authorities: issuers, kubernetes, metrics });
  const admission = createAdmission(common);
  const { policy } = admission;
  const issuance = createIssuance({
    ...authn,
    ...admission,
    policy: () => policy.current(),
    observer: { onIgnored: metrics.requestIgnored, onSharedKey: metrics.keyShared },
    issuers,
    writer,
    newSerial: createWorkloadSerial,
    maxRenewalAgeMs: config.maxRenewalAge,
    ledger: ledger.decisions,
    requireTime: () => clock.requireTime(),
    clock,
  });

  const { trustDomain } = config;
  const names = createPolicyWarnings({ issuers, policy: () => policy.current(), trustDomain, clock });
  const port = { troubles: () => grpc.endpoint.troubles(), warnings: () => [] };
  const cluster = kubernetes === undefined ? [] : [kubernetes];
  const conditions = clockConditions(clock, kubernetes);
  const sources = [conditions, ledger.loss, owned, authorities, port, authn, policy, names, ...cluster];
  const readiness = createReadiness({ issuers, ledger: ledger.log, sources, clock });
  const grpc = createGrpcServer({
    ...common,
    ...{ issuance, issuers, rootClients, decisions: ledger.decisions, servingLog: ledger.serving },
    ...{ metrics, writer, newSerial, newReferenceId },
    isReady: () => readiness().ready,
    scheduler: createScheduler(clock, cronSweep()),
  });
  const admin = createAdminSocket({
    ...{ path: config.adminSocket ?? state.adminSocket, operations: rotation, newReferenceId, clock, logger },
    compromise: authorities.compromise,
    requests: authorities.requests,
    log: ledger.operators,
    loss: ledger.loss,
    move: createMover(owned, () => kubernetes?.leads() ?? true),
    admission: { decisions: ledger.decisions, onRecord: ledger.index, policy },
    clockOperations: new ClockOperator({ clock, replaceFuture: authorities.replaceFuture }),
  });
  status.serve(readiness);
  telemetry.observe({
    authorities: issuers,
    roots: authorities,
    readiness,
    grpc: grpc.endpoint,
    ledger,
    kubernetes,
    clock,
  });

  const transitions = followTransitions(
    { authorities, certificate: grpc.certificate, ledger, kubernetes, clock },
    logger,
  );
  clock.onChange(() => grpc.certificate.clockChanged());
  const { components } = authorities;
  return [
    ...[lock, time.watch, ...ledger.components, peers, owned.owner, transitions, policy],
    ...[...components, ...authn.components],
    ...(kubernetes?.components ?? []),
    ...[grpc.certificate, grpc.endpoint, admin, status],
  ];
}

/** The clock of every room but the log, whose times are those of the machine. */
async function openClock(
  { control: directory }: StateDirectory,
  config: ServerConfig,
  logger: Logger,
): Promise<CaClock> {
  const reference = apiTimeOf(config);
  const bounds = clockBoundsOf(config);
  const bootId = await readBootId();
  return createClock({ directory, bounds, bootId, reference, clock: systemClock, logger });
}

interface LedgerSources {
  readonly state: StateDirectory;
  readonly telemetry: Telemetry;
  readonly clock: TrustedClock;
  readonly anchors: ControlAnchors;
}

async function openLedger(
  { state, telemetry, clock, anchors }: LedgerSources,
  config: ServerConfig,
  logger: Logger,
): Promise<CaLedger> {
  return createLedger({
    directory: await prepareLedgerDirectory(state.ledger),
    trustDomain: config.trustDomain.name,
    newKey: () => generateKeyPairSync("ed25519").privateKey,
    retentionMs: config.ledgerRetention,
    sweeps: {
      second: everySecond,
      minute: cronSweep("45 * * * * *"),
      hour: cronSweep("0 17 * * * *"),
      anchor: cronSweep("43 */5 * * * *"),
      copy: cronSweep("*/10 * * * * *"),
    },
    anchors,
    strict: config.strictLedger,
    checkpointTo: config.checkpointTo,
    metrics: telemetry.ledger,
    holds: () => clock.holds(),
    clock,
    logger,
  });
}

interface AuthoritySources {
  readonly state: StateDirectory;
  readonly options: AuthorityOptions;
  readonly kubernetes: Kubernetes | undefined;
  readonly owned: OpenedOwner;
  readonly ledger: CaLedger;
  readonly time: CaClock;
}

/** Opens the place that owns the CA: the shared Secret or the state directory. */
async function openStateOwner(
  {
    state,
    options,
    kubernetes,
    status,
    time,
  }: Omit<AuthoritySources, "owned" | "ledger"> & {
    readonly status: StatusEndpoint;
  },
  config: ServerConfig,
  logger: Logger,
): Promise<OpenedOwner> {
  const { stateDir, stateRoot, podName } = config;
  const { clock } = time;
  // A new root must not begin at a wrong time.
  if (!(await showsFormerRoot(state))) await time.known();
  const open = () =>
    openOwner({
      ...{ stateDir, state, options, stateRoot, shared: kubernetes?.shared, clock, logger },
      mayCreate: isFirstReplica(podName),
      onWait: (reason) => status.wait(reason),
      // An unhandled rejection stops the daemon, and its supervisor starts it again.
      fail: (error) => void Promise.reject(error),
    });
  return retryInDoubt(open, { ...time, logger });
}

async function openAuthorities(
  { state, options, kubernetes, owned, ledger, time }: AuthoritySources,
  config: ServerConfig,
  logger: Logger,
): Promise<Authorities> {
  const { clock } = time;
  const deps: AuthoritiesDeps = {
    state,
    options,
    backing: owned.owner.backing,
    takeOver: async () => kubernetes?.takeOver(),
    leads: () => kubernetes?.leads() ?? true,
    gate: timeGate,
    holds: () => clock.holds(),
    holders: (authorities, now) => ledger.index.holders(authorities, now),
    sweeps: {
      starts: cronSweep(config.rotationSchedule),
      advances: everySecond,
      bundle: cronSweep(),
      expiry: cronSweep("0 * * * * *"),
    },
    writer,
    newSerial,
    rehearse: rehearsalOf(config, clock),
    clock,
    stageClock: clock.latest,
    logger,
  };
  return retryInDoubt(() => createAuthorities(deps), { ...time, logger });
}

/** Tries authorities with the names that this configuration lets the CA issue. */
function rehearsalOf(
  { trustDomain, policy, serverSan, trustedNodeAccount }: ServerConfig,
  clock: TrustedClock,
): Rehearse {
  return createRehearsal({
    ...{ writer, trustDomain, clock },
    serverNames: servingNames(serverSan),
    dnsNames: policyDnsNames(policy, trustDomain),
    hasNodeProxies: trustedNodeAccount.length > 0,
  });
}

interface TransitionFollowers {
  readonly authorities: Authorities;
  readonly certificate: ServingCertificate;
  readonly ledger: CaLedger;
  readonly kubernetes: Kubernetes | undefined;
  readonly clock: TrustedClock;
}

/** Makes every transition of the authorities take effect in the other rooms, and returns the log of transitions. */
function followTransitions(followers: TransitionFollowers, logger: Logger): TransitionLog {
  const { authorities, certificate, ledger, kubernetes, clock } = followers;
  const { keeper, publicBundle, rotation } = authorities;
  const sweep = cronSweep("30 * * * * *");
  const transitions = new TransitionLog({
    ...{ log: ledger.log, state: () => keeper.state, sweep, clock, logger },
  });
  keeper.onTransition(createTransitionObserver({ publicBundle, certificate, keeper, logger }));
  keeper.onTransition(() => kubernetes?.publish(forPublication(keeper.trustBundle())));
  keeper.onTransition(() => transitions.changed());
  kubernetes?.publish(forPublication(keeper.trustBundle()));
  kubernetes?.onLeading(() => void rotation.look(true));
  logger.info("authorities in use", authoritiesInUse(keeper.state));
  return transitions;
}
