import { readFileSync } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { testEnvoy } from "../../../harness/envoy.ts";
import { LoggedProcess } from "../../../harness/logged-process.ts";
import type { MadeSet } from "../workshop.ts";

const tlsType = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
const httpType =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const routerType = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

/**
 * Lets one real Envoy verify every set: a listener for each trusts the set's roots, and the set's workload
 * and serving certificates connect to it. Returns "ok" or the reason by the name of the set.
 */
export async function envoyVerdicts(
  sets: readonly MadeSet[],
  directory: string,
): Promise<Map<string, string>> {
  const socketOf = (index: number) => join(directory, `${index}.sock`);
  const listeners = sets.map((made, index) => listenerOf(made, socketOf(index)));
  await writeFile(join(directory, "lds.json"), JSON.stringify({ resources: listeners }));
  const bootstrap = {
    node: { id: "ca-sets", cluster: "ca-sets" },
    dynamic_resources: { lds_config: { path_config_source: { path: join(directory, "lds.json") } } },
  };
  await writeFile(join(directory, "envoy.json"), JSON.stringify(bootstrap));
  const options = ["-c", join(directory, "envoy.json"), "--disable-hot-restart", "--concurrency", "1"];
  await using envoy = new LoggedProcess({ title: "Envoy", command: [await testEnvoy(), ...options] });
  await envoy.says("starting workers");
  const verdicts = await Promise.all(
    sets.map(async (made, index) => {
      const certificates = [made.leafPath, made.servingPath];
      const found: string[] = [];
      for (const path of certificates) found.push(await verdictOf(socketOf(index), path, made.keyPath));
      return [made.set.name, found.find((verdict) => verdict !== "ok") ?? "ok"] as const;
    }),
  );
  return new Map(verdicts);
}

function listenerOf({ set, rootsPath, leafPath, keyPath }: MadeSet, socket: string) {
  const tls = {
    "@type": tlsType,
    require_client_certificate: true,
    common_tls_context: {
      tls_certificates: [{ certificate_chain: { filename: leafPath }, private_key: { filename: keyPath } }],
      validation_context: { trusted_ca: { filename: rootsPath } },
    },
  };
  const everything = { match: { prefix: "/" }, direct_response: { status: 200 } };
  const http = {
    "@type": httpType,
    stat_prefix: "ca-sets",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes: [everything] }] },
    http_filters: [{ name: "router", typed_config: { "@type": routerType } }],
  };
  return {
    "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
    name: set.name,
    address: { pipe: { path: socket } },
    filter_chains: [
      {
        transport_socket: { name: "tls", typed_config: tls },
        filters: [{ name: "http", typed_config: http }],
      },
    ],
  };
}

/** Envoy closes the connection with an alert if it rejects the client's certificate. */
async function verdictOf(socket: string, chainPath: string, keyPath: string): Promise<string> {
  const exists = await stat(socket).then(
    () => true,
    () => false,
  );
  if (!exists) return "Envoy rejects the configuration";
  return new Promise((resolve) => {
    // This client must present any certificate: Envoy is the one that judges.
    const ciphers = "DEFAULT@SECLEVEL=0";
    const own = { cert: readFileSync(chainPath), key: readFileSync(keyPath), ciphers };
    let received = "";
    const client = connect({ path: socket, rejectUnauthorized: false, ...own });
    client.write("GET / HTTP/1.1\r\nhost: envoy\r\nconnection: close\r\n\r\n");
    client.setEncoding("utf8").on("data", (text: string) => {
      received += text;
    });
    client.once("error", ({ message }) => resolve(message));
    client.once("close", () =>
      resolve(received.startsWith("HTTP/1.1 200") ? "ok" : "closed without an answer"),
    );
    client.once("end", () => client.end());
  });
}
