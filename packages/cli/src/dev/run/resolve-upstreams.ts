import { lookup } from "node:dns/promises";
import { errnoOf } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import type { Upstream } from "../settings/upstream.ts";

/** Envoy would retry an unknown host silently. @throws CliError `UPSTREAM_UNKNOWN` */
export async function refuseUnknownHosts(upstreams: readonly Upstream[]): Promise<void> {
  for (const { target } of upstreams) {
    try {
      await lookup(target.host);
    } catch (cause) {
      throw new CliError(
        "UPSTREAM_UNKNOWN",
        `the host ${target.host} of --upstream has no address (${errnoOf(cause) ?? "no answer"}): check its name`,
        { cause },
      );
    }
  }
}
