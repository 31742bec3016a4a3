import { resolve } from "node:path";
import type { AgentConfig } from "./options.ts";
import { caRootPath, inputDirectories } from "./places.ts";

const plaintextPort = 15_010;

/** Problems that no single option shows. */
export function crossCheck(config: AgentConfig): readonly string[] {
  const problems: string[] = [];
  if (config.caAddresses.length === 0) problems.push("--ca-address: give at least one");
  if (config.caAddresses.some(({ port }) => port === plaintextPort)) {
    problems.push(
      "--ca-address: istiod's port 15010 has no TLS and would show our token to the network; use 15012",
    );
  }
  if (config.tokenOnly && config.provCert !== undefined) {
    problems.push("--token-only: contradicts --prov-cert, which is a certificate to be shown; drop one");
  }
  if (config.cacheDir !== undefined && caRootPath(config) === "SYSTEM") {
    problems.push(
      "--cache-dir: a cached secret is verified under the roots of a file; name one with --ca-root in place of SYSTEM",
    );
  }
  if (config.secretTtl < 1_000) {
    problems.push("--secret-ttl: the CA counts whole seconds; give at least 1s");
  }
  if (config.gracePeriodRatio - config.gracePeriodJitter <= 0) {
    problems.push(
      "--grace-period-ratio: must be larger than --grace-period-jitter, or rotation could fall on the end of life",
    );
  }
  return [...problems, ...fileProblems(config)];
}

function fileProblems(config: AgentConfig): readonly string[] {
  const { outputCerts, onRotate } = config;
  if (outputCerts === undefined) {
    return onRotate === undefined ? [] : ["--on-rotate: runs after --output-certs, which is not given"];
  }
  const isRead = inputDirectories(config).some((directory) => resolve(directory) === resolve(outputCerts));
  return isRead ? ["--output-certs: is a directory that is read from as well; choose another"] : [];
}
