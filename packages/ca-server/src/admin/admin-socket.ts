import { resolve } from "node:path";
import type { Clock, Logger } from "@kasbah/runtime";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { grpcStatus, type RpcStatus, reportTransportFaults, UnixSocket } from "@kasbah/runtime/rpc";
import type { CompromiseOperations } from "../authorities/compromise/operations.ts";
import type { AuthorityOperations } from "../authorities/operations.ts";
import { CaError, OperationError, StateError } from "../errors.ts";
import { type AdminRoutesDeps, createAdminRoutes } from "./admin-routes.ts";
import { type AdmissionRoutesDeps, createAdmissionRoutes } from "./admission-routes.ts";
import { type ClockOperations, createClockRoutes } from "./clock-routes.ts";
import { type CompromiseRoutesDeps, createCompromiseRoutes } from "./compromise-routes.ts";
import { createLedgerRoutes, type LedgerRoutesDeps } from "./ledger-routes.ts";
import { createOverviewRoutes, type ReadOverview } from "./overview-routes.ts";
import { createRequestRoutes, type RequestRoutesDeps } from "./request-routes.ts";
import { createStateRoutes, type StateMover } from "./state-routes.ts";

export interface AdminSocketDeps {
  readonly path: string;
  readonly operations: AuthorityOperations;
  readonly log: AdminRoutesDeps["log"] & CompromiseRoutesDeps["log"];
  readonly compromise: CompromiseOperations;
  readonly admission: AdmissionRoutesDeps;
  readonly move: StateMover;
  readonly clockOperations: ClockOperations;
  readonly loss: LedgerRoutesDeps["loss"];
  readonly knownHeads: LedgerRoutesDeps["knownHeads"];
  readonly requests: RequestRoutesDeps["requests"];
  readonly overview: ReadOverview;
  readonly newReferenceId: () => string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly logger: Logger;
}

/**
 * The operator's socket. It has mode 0600, and every process that may open it may do everything that the
 * command can.
 */
export function createAdminSocket(deps: AdminSocketDeps): UnixSocket {
  const { admission, clockOperations, log, clock, roll, logger } = deps;
  const path = resolve(deps.path);
  const server = new Http2Server({
    routes: [
      ...createAdminRoutes(deps),
      ...createCompromiseRoutes(deps),
      ...createRequestRoutes({ ...deps, status: () => deps.operations.status() }),
      ...createAdmissionRoutes(admission),
      ...createStateRoutes(deps),
      ...createLedgerRoutes(deps),
      ...createOverviewRoutes(deps.overview),
      ...createClockRoutes({ clock: clockOperations, log, logger }),
    ],
    toStatus: (error, path) => statusOf(error, path, deps),
    onTransportFault: reportTransportFaults({ path, logger }),
  });
  return new UnixSocket({
    name: "admin",
    path,
    flag: "--admin-socket",
    server,
    clock,
    roll,
    logger,
  });
}

/**
 * The operator sees why the state does not allow an action. Internal errors stay in the log under a
 * reference.
 */
function statusOf(error: unknown, path: string, { newReferenceId, logger }: AdminSocketDeps): RpcStatus {
  if (error instanceof OperationError) {
    return { code: grpcStatus.FAILED_PRECONDITION, message: `${error.code}: ${error.message}` };
  }
  if (error instanceof StateError || error instanceof CaError) {
    return { code: grpcStatus.UNAVAILABLE, message: `${error.code}: ${error.message}` };
  }
  const referenceId = newReferenceId();
  logger.error("operator call failed", { path, referenceId, error });
  return {
    code: grpcStatus.INTERNAL,
    message: `INTERNAL: search the CA's log for reference ${referenceId}`,
  };
}
