import { resolve } from "node:path";
import type { AgentConfig } from "./options.ts";
import { layoutProblems } from "./output/layout.ts";
import { reloadProblems } from "./output/reload-options.ts";
import { caRootPath, inputDirectories } from "./places.ts";
import { sdsSocketPath } from "./socket-options.ts";

const plaintextPort = 15_010;

/** Returns problems that involve more than one option. */
export function crossCheck(config: AgentConfig): readonly string[] {
  const problems: string[] = [];
  if (config.caAddresses.length === 0) problems.push("--ca-address: expected at least one address");
  if (config.caAddresses.some(({ port }) => port === plaintextPort)) {
    problems.push(
      "--ca-address: istiod's port 15010 has no TLS and would expose the token to the network; use 15012",
    );
  }
  if (config.tokenOnly && config.provCert !== undefined) {
    problems.push(
      "--token-only: conflicts with --prov-cert, which authenticates with a certificate; remove one of them",
    );
  }
  if (config.cacheDir !== undefined && caRootPath(config) === "SYSTEM") {
    problems.push(
      "--cache-dir: a cached secret is verified against a root file; set --ca-root to a file instead of SYSTEM",
    );
  }
  if (config.secretTtl < 1_000) {
    problems.push("--secret-ttl: expected at least 1s, because the CA counts whole seconds");
  }
  if (config.gracePeriodRatio - config.gracePeriodJitter <= 0) {
    problems.push(
      "--grace-period-ratio: must be greater than --grace-period-jitter, or certificates could expire before rotation",
    );
  }
  return [
    ...problems,
    ...pathProblems(config),
    ...fileProblems(config),
    ...layoutProblems(config),
    ...reloadProblems(config),
  ];
}

function pathProblems(config: AgentConfig): readonly string[] {
  const { workloadSocket } = config;
  if (workloadSocket === undefined || resolve(workloadSocket) !== resolve(sdsSocketPath(config))) return [];
  return ["--workload-socket: is the path of the SDS socket; each needs its own"];
}

function fileProblems(config: AgentConfig): readonly string[] {
  const { outputCerts } = config;
  if (outputCerts === undefined) return [];
  const isRead = inputDirectories(config).some((directory) => resolve(directory) === resolve(outputCerts));
  return isRead ? ["--output-certs: the agent also reads from this directory; choose another"] : [];
}
