import type { WorkloadName } from "@kasbah/pki";
import { type HostPort, parseHostPort, quoted } from "@kasbah/runtime";
import { parseIdentity } from "./identity.ts";
import { parseOwnAddress } from "./listen.ts";
import { usageError } from "./usage-error.ts";

/** A local port without TLS that reaches a peer by mTLS. */
export interface Upstream {
  readonly address: HostPort;
  readonly peer: WorkloadName;
  readonly target: HostPort;
}

/** Parses `9001=demo/api@localhost:9443`. @throws CliError `USAGE_INVALID` */
export function parseUpstream(text: string): Upstream {
  const [, own = "", name = "", target = ""] = /^([^=]*)=([^@]*)@(.*)$/.exec(text) ?? [];
  const address = parseOwnAddress(own);
  const targetAddress = parseTarget(target);
  if (address === undefined || targetAddress === undefined) {
    throw usageError(
      `--upstream: expected PORT=NAMESPACE/ACCOUNT@HOST:PORT such as 9001=demo/api@localhost:9443, got ${quoted(text)}`,
    );
  }
  return { address, peer: parseIdentity(`--upstream ${text}`, name), target: targetAddress };
}

function parseTarget(text: string): HostPort | undefined {
  try {
    const target = parseHostPort(text);
    return target.port === 0 ? undefined : target;
  } catch {
    return undefined;
  }
}
