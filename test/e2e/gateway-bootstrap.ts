import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { repositoryRoot } from "../harness/repository.ts";

/** The addresses and paths of a test gateway. */
export interface GatewayPlace {
  readonly protocol: "GRPC" | "DELTA_GRPC";
  /** Replaces `/etc/istio`. */
  readonly directory: string;
  readonly socket: string;
  readonly port: number;
  readonly adminPort: number;
}

/**
 * An Envoy bootstrap from the blocks of docs/agent.md and docs/gateway-files.md, plus a third host `bell`: a
 * copy of
 * `shop` under another name.
 */
export function gatewayBootstrap({ protocol, directory, socket, port, adminPort }: GatewayPlace) {
  const clusters = documentedClusters(socket);
  const { listeners } = block("docs/gateway-files.md", "listeners", [
    ["/etc/istio", directory],
    ["0.0.0.0", "127.0.0.1"],
    ["port_value: 8443", `port_value: ${port}`],
    ["api_type: GRPC", `api_type: ${protocol}`],
  ]);
  const [gateway] = listeners ?? [];
  const [shop] = gateway?.filter_chains ?? [];
  const bell: unknown = JSON.parse(JSON.stringify(shop).replaceAll("shop", "bell"));
  gateway?.filter_chains?.push(bell);
  return {
    node: { id: "gateway", cluster: "gateway" },
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: adminPort } } },
    static_resources: { clusters, listeners },
  };
}

/** The cluster of docs/agent.md for an agent's socket. */
export function documentedClusters(socket: string): readonly unknown[] {
  const { clusters } = block("docs/agent.md", "clusters", [
    ["./var/run/secrets/workload-spiffe-uds/socket", socket],
  ]);
  return clusters ?? [];
}

interface Block {
  readonly clusters?: readonly unknown[];
  readonly listeners?: readonly { readonly filter_chains?: unknown[] }[];
}

function block(page: string, key: string, changes: readonly (readonly [string, string])[]): Block {
  const text = readFileSync(join(repositoryRoot, page), "utf8");
  const [, yaml] = new RegExp(`\`\`\`yaml\\n(${key}:[\\s\\S]*?)\`\`\``).exec(text) ?? [];
  if (yaml === undefined) throw new Error(`${page} has no block ${key}`);
  const changed = changes.reduce((given, [from, to]) => {
    if (!given.includes(from)) throw new Error(`${page} does not contain ${from}`);
    return given.replaceAll(from, to);
  }, yaml);
  return parse(changed) as Block;
}
