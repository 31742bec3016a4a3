import {
  type Component,
  createStatusServer,
  formatHostPort,
  jsonReply,
  type Readiness,
} from "@kasbah/runtime";
import type { Ground } from "../agent-deps.ts";
import type { FileParts } from "../composition/file-parts.ts";
import { command } from "../config/command.ts";
import type { SdsEndpoint } from "../sds/create-sds-endpoint.ts";
import type { Supply } from "../secret/supply.ts";
import { readinessOf, withWarnings } from "./readiness.ts";
import { statusDocument } from "./status-document.ts";

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
