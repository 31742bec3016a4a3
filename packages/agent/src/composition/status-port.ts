import {
  type Component,
  createStatusServer,
  formatHostPort,
  jsonReply,
  type Readiness,
} from "@kasbah/runtime";
import { command } from "../config/config.ts";
import { readinessOf, withWarnings } from "../telemetry/readiness.ts";
import { statusDocument } from "../telemetry/status-document.ts";
import type { FileParts } from "./file-parts.ts";
import type { Ground } from "./ground.ts";
import type { SdsEndpoint } from "./sds-endpoint.ts";
import type { Supply } from "./supply.ts";

export interface StatusPort {
  readonly components: readonly Component[];
  readiness(): Readiness;
}

/** What an orchestrator, Prometheus and `kasbah-agent status` ask. */
export function composeStatusPort(
  { config, store, registry, clock, logger }: Ground,
  supply: Supply,
  files: FileParts,
  { catalog, service, tally }: SdsEndpoint,
): StatusPort {
  const readiness = () =>
    withWarnings(readinessOf(store, supply.events.lastFailure, supply.warnings()), files.warnings());
  const document = () =>
    statusDocument({
      version: command.version,
      store,
      clock,
      readiness,
      failure: () => supply.events.failure,
      caAddresses: supply.caAddresses.map(formatHostPort),
      clockOffsetMs: () => supply.clockOffsetMs(),
      catalog,
      sds: tally,
      streams: (most) => service.streams(most),
    });
  const pages = { "/debug/secrets": () => jsonReply(document()) };
  const { statusAddress: address } = config;
  return { components: [createStatusServer({ address, registry, readiness, pages, logger })], readiness };
}
