import type { HostPort } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import type { RunRecord } from "../folder/document.ts";

const loopback = ["localhost", "127.0.0.1", "::1"];

/**
 * Envoy would refuse each connection to a peer of another name, with a message that names neither.
 *
 * @throws CliError `UPSTREAM_UNKNOWN`
 */
export function refuseWrongPeer(run: RunRecord, others: readonly RunRecord[]): void {
  for (const { peer, target } of run.upstreams) {
    const found = others.find((other) => listensOn(other, target));
    if (found === undefined || found.name === peer) continue;
    throw new CliError(
      "UPSTREAM_UNKNOWN",
      `--upstream names ${peer}, but ${found.name} listens on port ${target.port}: write ${found.name}@${target.host}:${target.port}, or correct the port`,
    );
  }
}

function listensOn({ listen }: RunRecord, { host, port }: HostPort): boolean {
  return loopback.includes(host) && listen.some(({ address }) => address.port === port);
}
