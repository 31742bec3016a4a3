import type { CertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock, HostCapacity, HostPort, LogFacts, Logger, Scheduler } from "@kasbah/runtime";
import type { GrpcServerOptions } from "@kasbah/runtime/grpc";
import { authenticatedRoute, type ServerLimits } from "@kasbah/runtime/rpc";
import { takeTurns } from "../admission/turns/take-turns.ts";
import { Turns } from "../admission/turns/turns.ts";
import { type LimitConfig, limitsOf } from "../config/limits.ts";
import type { CertificateIssuance } from "../issuance/issue-certificate.ts";
import type { CaMetrics } from "../telemetry/metrics.ts";
import type { Unauthenticated } from "../unauthenticated/create-unauthenticated.ts";
import { type CertificateServiceDeps, createCertificateRoute } from "./certificate-service.ts";
import { createHealthRoutes } from "./health-service.ts";
import { GrpcEndpoint, type TlsRouteServer } from "./server.ts";
import {
  ServingCertificate,
  type ServingCertificateDeps,
  type ServingIssuerSource,
} from "./serving-certificate.ts";

/** Serves the port in other processes. */
export interface ServingElsewhere {
  /** The number of processes. */
  readonly workers: number;
  /** The sum over all processes. */
  readonly limits: ServerLimits;
  createServer(options: GrpcServerOptions, parts: CertificateParts): TlsRouteServer;
}

/** The decisions behind the port. */
interface CertificateParts {
  readonly route: ReturnType<typeof createCertificateRoute>;
  readonly isReady: () => boolean;
}

export interface GrpcServerDeps {
  readonly config: LimitConfig & {
    readonly grpcAddress: HostPort;
    readonly noClientCertificates: boolean;
  };
  /** The names of the serving certificate. */
  readonly serverNames: ServingCertificateDeps["names"];
  readonly capacity: HostCapacity;
  readonly issuance: CertificateIssuance;
  readonly issuers: ServingIssuerSource;
  readonly decisions: CertificateServiceDeps["decisions"];
  readonly rootClients: CertificateServiceDeps["rootClients"];
  readonly servingLog: ServingCertificateDeps["log"];
  readonly unauthenticated: Pick<Unauthenticated, "refusals" | "handshakes">;
  readonly metrics: CaMetrics;
  /** Undefined if calls are not traced. */
  readonly tracing?: CertificateServiceDeps["tracing"];
  readonly isReady: () => boolean;
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
  readonly newReferenceId: () => string;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  readonly logger: Logger;
  /** If undefined, this process serves the port. */
  readonly elsewhere?: ServingElsewhere | undefined;
}

/** The public gRPC server and its certificate, which must start first. */
export interface CaGrpcServer {
  readonly certificate: ServingCertificate;
  readonly endpoint: GrpcEndpoint;
}

export function createGrpcServer(deps: GrpcServerDeps): CaGrpcServer {
  const { config, issuers, metrics, isReady, newReferenceId, clock, logger } = deps;
  const { writer, newSerial, scheduler, elsewhere } = deps;
  const { refusals, handshakes } = deps.unauthenticated;
  const certificate = new ServingCertificate({
    issuers,
    writer,
    newSerial,
    log: deps.servingLog,
    names: deps.serverNames,
    asksClients: !config.noClientCertificates,
    scheduler,
    clock,
    logger,
  });
  const limits = elsewhere?.limits ?? limitsOf(config, deps.capacity);
  logger.info("limits of the gRPC port", limitFacts(limits, deps));
  const turns = turnsFor(deps);
  const issuance = takeTurns(deps.issuance, turns, clock);
  const route = createCertificateRoute({ ...deps, issuance, refusals });
  const endpoint = new GrpcEndpoint({
    address: config.grpcAddress,
    routes: (stopping) => [authenticatedRoute(route), ...createHealthRoutes({ isReady, clock, stopping })],
    certificate,
    limits,
    maxInFlight: config.maxInFlight,
    retryAfterMs: () => turns.retryAfterMs(),
    mayServeMore: () => !turns.isBehind,
    onOverload: () => {
      metrics.overloaded();
      deps.decisions.refusedEarly("OVERLOADED");
    },
    onEvicted: metrics.evicted,
    onHandshakeFailure: (reason, group) => handshakes.failed(reason, group),
    onAcceptError: (error) => handshakes.notAccepted(error),
    newReferenceId,
    logger,
    ...(elsewhere === undefined
      ? {}
      : { createServer: (options) => elsewhere.createServer(options, { route, isReady }) }),
  });
  return { certificate, endpoint };
}

/**
 * Enough for a batch of the ledger, and for every step that another thread does. With 64, a certificate costs up to 6 %
 * more, because more objects live at once; with 32 it costs 8 % more if hundreds of callers wait for smaller batches.
 */
const issuedAtOnce = 48;
/** Of the time that a call may take. The caller has already waited for its connection and its authentication. */
const patientPart = 0.6;

function turnsFor({ config, clock, roll }: GrpcServerDeps): Turns {
  const { maxInFlight: maxWaiting, callTimeout } = config;
  return new Turns({ atOnce: issuedAtOnce, maxWaiting, patienceMs: callTimeout * patientPart, clock, roll });
}

/** What an operator needs to see why a limit is lower than its flag. */
function limitFacts(limits: ServerLimits, { config, capacity, elsewhere }: GrpcServerDeps): LogFacts {
  return {
    workers: elsewhere?.workers ?? 1,
    maxConnections: limits.maxConnections,
    maxConnectionsFlag: config.maxConnections,
    maxUnauthenticated: limits.maxUnauthenticated,
    maxWaitingConnections: limits.maxWaitingConnections,
    maxWaiting: limits.maxWaiting,
    maxWatches: limits.maxStreams,
    openFiles: capacity.openFiles,
    memoryMiB: Math.round(capacity.memoryBytes / 1024 / 1024),
  };
}
