import {
  type Component,
  createStatusServer,
  formatHostPort,
  jsonReply,
  type Readiness,
} from "@kasbah/runtime";
import type { AgentDeps } from "../agent-deps.ts";
import { command } from "../config/command.ts";
import type { SdsEndpoint } from "../sds/create-sds-endpoint.ts";
import type { Supply } from "../secret/supply.ts";
import type { AgentTelemetry } from "./create-telemetry.ts";
import { registerExpiryGauges } from "./names/expiry-gauges.ts";
import { ServedNames, type ServedNamesDeps } from "./names/served-names.ts";
import { agentReadiness, withWarnings } from "./readiness.ts";
import { SocketGate } from "./socket-gate.ts";
import { type StatusDeps, statusDocument } from "./status-document.ts";

export interface StatusPort {
  readonly components: readonly Component[];
  /** Starts after the sockets of the agent: until then no client can connect, and the agent is not ready. */
  readonly afterSockets: Component;
  readiness(): Readiness;
}

export interface StatusPortDeps extends AgentDeps {
  readonly supply: Supply;
  readonly sds: Pick<SdsEndpoint, "catalog" | "service">;
  readonly telemetry: Pick<AgentTelemetry, "rotations" | "streams">;
  readonly fileNames: ServedNamesDeps["fileNames"];
  /** Warnings of the components that read or write files. */
  fileWarnings(): readonly string[];
  readonly consumers: StatusDeps["consumers"];
}

/** Creates the HTTP port for probes, Prometheus and `kasbah-agent status`. */
export function createStatusPort(deps: StatusPortDeps): StatusPort {
  const { config, store, registry, clock, logger, supply, sds, telemetry, skippedRoots } = deps;
  const { rotations, streams } = telemetry;
  const sockets = new SocketGate();
  const names = new ServedNames({ store, streams: sds.service, fileNames: deps.fileNames });
  registerExpiryGauges(registry, names, { store, clock });
  const readiness = () =>
    withWarnings(sockets.check(agentReadiness(store, rotations.lastFailure, supply.warnings())), [
      ...deps.fileWarnings(),
      ...skippedRoots.warnings(),
      ...names.warnings(),
    ]);
  const document = () =>
    statusDocument({
      version: command.version,
      store,
      clock,
      readiness,
      failure: () => rotations.failure,
      caAddresses: supply.caAddresses.map(formatHostPort),
      clockOffsetMs: () => supply.clockOffsetMs(),
      names,
      catalog: sds.catalog,
      sds: streams,
      consumers: deps.consumers,
      streams: (most) => sds.service.streams(most),
    });
  const pages = { "/debug/secrets": () => jsonReply(document()) };
  const { statusAddress: address } = config;
  const server = createStatusServer({
    address,
    flag: "--status-address",
    registry,
    readiness,
    pages,
    logger,
  });
  return { components: [server], afterSockets: sockets, readiness };
}
