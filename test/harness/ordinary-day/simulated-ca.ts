import { generateKeyPairSync, randomBytes } from "node:crypto";
import { join } from "node:path";
import { prepareLedgerDirectory } from "@kasbah/ledger";
import { createWorkloadSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { CreateCertificateRequest } from "@kasbah/protocol";
import type { CallContext } from "@kasbah/runtime/rpc";
import { type FakeClock, manualSweep, type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { createAdmission } from "../../../packages/ca-server/src/admission/create-admission.ts";
import { openOnDisk } from "../../../packages/ca-server/src/authorities/authorities-on-disk.fixture.ts";
import { createPolicyWarnings } from "../../../packages/ca-server/src/authorities/rehearsal/policy-warnings.ts";
import { required, run } from "../../../packages/ca-server/src/config/loaded-config.fixture.ts";
import { CaError } from "../../../packages/ca-server/src/errors.ts";
import { createCertificateRoute } from "../../../packages/ca-server/src/grpc/certificate-service.ts";
import { createIssuance } from "../../../packages/ca-server/src/issuance/issue-certificate.ts";
import { ReservedNames } from "../../../packages/ca-server/src/issuance/names/reserved-names.ts";
import { openAdmission } from "../../../packages/ca-server/src/issuance/open-admission.fixture.ts";
import type { Caller } from "../../../packages/ca-server/src/issuance/ports.ts";
import { ControlAnchors } from "../../../packages/ca-server/src/recording/anchors/control-anchors.ts";
import { createLedger } from "../../../packages/ca-server/src/recording/create-ledger.ts";
import { prepareStateDirectory } from "../../../packages/ca-server/src/store/state-directory.ts";
import { readVolumeId } from "../../../packages/ca-server/src/store/volume-id.ts";
import { createTelemetry } from "../../../packages/ca-server/src/telemetry/create-telemetry.ts";
import { createReadiness } from "../../../packages/ca-server/src/telemetry/readiness.ts";
import { createUnauthenticated } from "../../../packages/ca-server/src/unauthenticated/create-unauthenticated.ts";

/** One call of a pod. */
export interface PodCall {
  /** Undefined if its token has expired. */
  readonly caller: Caller | undefined;
  readonly peerAddress: string;
  readonly csr: string;
}

/** The rooms of a CA with its defaults, under a clock that a test advances; only tokens and sockets are simulated. */
export interface SimulatedCa {
  readonly logger: RecordingLogger;
  readonly authorities: Awaited<ReturnType<typeof openOnDisk>>;
  readonly unauthenticated: ReturnType<typeof createUnauthenticated>;
  /** Rejects if the call is refused. */
  call(call: PodCall): Promise<void>;
  /** Runs what the CA does every second and every minute. */
  minute(index: number): void;
  /** Resolves when the ledger is up to date. */
  hour(): Promise<void>;
  /** The reasons why the CA is not ready, and its warnings. */
  conditions(): readonly string[];
  /** The exposition of all metrics. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
}

export async function openSimulatedCa(path: string, clock: FakeClock): Promise<SimulatedCa> {
  const config = run(required);
  const logger = recordingLogger();
  const telemetry = createTelemetry("1.2.3", clock);
  const [second, minute, hour, anchor] = [manualSweep(), manualSweep(), manualSweep(), manualSweep()];
  const state = await prepareStateDirectory(path);
  const authorities = await openOnDisk({ path, clock, minStageMs: 60_000 });
  const newId = () => randomBytes(6).toString("hex");
  const volumeId = await readVolumeId(state.control, newId);
  const anchors = new ControlAnchors({ volumeId, place: undefined, isShared: false });
  const { keeper } = authorities;
  anchors.follow(keeper);
  const ledger = createLedger({
    directory: await prepareLedgerDirectory(state.ledger),
    replica: volumeId,
    peersFile: join(state.control, "peer-ledgers.json"),
    trustDomain: config.trustDomain.name,
    newKey: () => generateKeyPairSync("ed25519").privateKey,
    retentionMs: config.ledgerRetention,
    spaceLimit: config.ledgerMaxBytes,
    sweeps: {
      ...{ second: second.sweep, minute: minute.sweep, hour: hour.sweep },
      ...{ anchor: anchor.sweep, copy: minute.sweep, space: minute.sweep },
    },
    ...{ anchors, strict: false, checkpointTo: undefined, metrics: telemetry.ledger },
    ...{ holds: () => undefined, clock, logger },
  });
  const unauthenticated = createUnauthenticated({
    ...{ metrics: telemetry.unauthenticated, sweep: minute.sweep, clock, logger },
  });
  const admission = createAdmission({ config, reservedNames: ReservedNames.none, clock, logger });
  const policy = () => admission.policy.current();
  const metrics = telemetry.calls;
  const issuance = createIssuance({
    ...{ ...openAdmission, ...admission, policy },
    authenticator: { authenticate: async ({ authorization: [id = ""] }) => callerOf(id) },
    observer: { onIgnored: metrics.requestIgnored, onSharedKey: metrics.keyShared },
    ...{ issuers: keeper, writer: createCertificateWriter(), newSerial: createWorkloadSerial },
    ...{ ledger: ledger.decisions, maxRenewalAgeMs: config.maxRenewalAge, clock },
  });
  const callers = new Map<string, Caller>();
  const callerOf = (id: string) => {
    const caller = callers.get(id);
    if (caller === undefined) throw new CaError("TOKEN_EXPIRED", "the token has expired");
    return caller;
  };
  const route = createCertificateRoute({
    ...{ issuance, metrics, decisions: ledger.decisions, rootClients: authorities.rootClients },
    ...{ newReferenceId: newId, refusals: unauthenticated.refusals, clock, logger },
  });
  const names = createPolicyWarnings({ issuers: keeper, policy, trustDomain: config.trustDomain, clock });
  const readiness = createReadiness({
    issuers: keeper,
    ledger: ledger.log,
    sources: [ledger.loss, ledger.space, authorities, admission.policy, names],
    clock,
  });
  const { components } = ledger;
  for (const one of [...components, unauthenticated.summary]) await one.start();
  return {
    ...{ logger, authorities, unauthenticated },
    async call({ caller, peerAddress, csr }) {
      const id = newId();
      if (caller !== undefined) callers.set(id, caller);
      const context: CallContext = {
        metadata: (name) => (name === "authorization" ? [id] : []),
        ...{ peerAddress, peerCertificates: () => [], signal: new AbortController().signal },
      };
      const order: CreateCertificateRequest = {
        ...{ csr, validityDurationSeconds: 86_400, impersonatedIdentity: "", certSigner: "" },
      };
      const serve = await route.authenticate(context).finally(() => callers.delete(id));
      await serve({ ...context, request: () => order });
    },
    minute(index) {
      for (const { tick } of [second, minute]) tick();
      if (index % 10 === 0) anchor.tick();
    },
    async hour() {
      hour.tick();
      await ledger.settled();
    },
    conditions() {
      const { reasons, warnings = [] } = readiness();
      return [...reasons, ...warnings];
    },
    metrics: () => telemetry.registry.metrics(),
    async stop() {
      for (const one of [...components, unauthenticated.summary].toReversed()) await one.stop();
    },
  };
}
