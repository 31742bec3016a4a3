import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { connect } from "node:http2";
import { freePort, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { testEnvoy } from "../../harness/envoy.ts";
import type { TlsClient } from "../../harness/fixed-roots.ts";

/** A real Envoy as a TCP proxy whose upstream TLS verifies the CA by the root file alone. */
export const envoyClient: TlsClient = async (port, rootFile) => {
  await using directory = await temporaryDirectory();
  const listener = await freePort();
  const admin = await freePort();
  const config = directory.join("envoy.json");
  await writeFile(
    config,
    JSON.stringify(bootstrap({ listener, admin, port, roots: await readFile(rootFile, "utf8") })),
  );
  const quiet = ["--log-level", "critical", "--use-dynamic-base-id", "--concurrency", "1"];
  const envoy = spawn(await testEnvoy(), ["-c", config, ...quiet], { stdio: "ignore" });
  try {
    await untilSeen("Envoy", 60_000, () => isReady(admin));
    return await settingsArrive(listener);
  } finally {
    envoy.kill("SIGKILL");
    await once(envoy, "exit");
  }
};

async function isReady(admin: number): Promise<true | undefined> {
  const reply = await fetch(`http://127.0.0.1:${admin}/ready`).catch(() => undefined);
  return reply?.ok ? true : undefined;
}

/** The CA's HTTP/2 settings arrive only if Envoy accepted its certificate; otherwise Envoy hangs up. */
async function settingsArrive(listener: number): Promise<string> {
  const session = connect(`http://127.0.0.1:${listener}`);
  session.on("error", () => undefined);
  const arrived = await Promise.race([
    once(session, "remoteSettings").then(() => true),
    once(session, "close").then(() => false),
  ]).catch(() => false);
  session.destroy();
  return arrived ? "accepted" : "Envoy closed the connection";
}

interface Ports {
  readonly listener: number;
  readonly admin: number;
  readonly port: number;
  readonly roots: string;
}

function bootstrap({ listener, admin, port, roots }: Ports) {
  const at = (port_value: number) => ({ address: { socket_address: { address: "127.0.0.1", port_value } } });
  const typed = (name: string, rest: object) => ({
    "@type": `type.googleapis.com/envoy.extensions.${name}`,
    ...rest,
  });
  const validation_context = {
    trusted_ca: { inline_string: roots },
    match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "localhost" } }],
  };
  const tls = typed("transport_sockets.tls.v3.UpstreamTlsContext", {
    sni: "localhost",
    common_tls_context: { alpn_protocols: ["h2"], validation_context },
  });
  const proxy = typed("filters.network.tcp_proxy.v3.TcpProxy", { stat_prefix: "ca", cluster: "ca" });
  return {
    admin: at(admin),
    static_resources: {
      listeners: [{ ...at(listener), filter_chains: [{ filters: [{ name: "tcp", typed_config: proxy }] }] }],
      clusters: [
        {
          name: "ca",
          type: "STATIC",
          load_assignment: {
            cluster_name: "ca",
            endpoints: [{ lb_endpoints: [{ endpoint: at(port) }] }],
          },
          transport_socket: { name: "tls", typed_config: tls },
        },
      ],
    },
  };
}
