import { formatHostPort, parseHostPort, RuntimeError } from "@kasbah/runtime";

/** How a pod reaches the API server of its cluster, as itself. */
export interface InCluster {
  readonly api: URL;
  readonly caFile: string;
  readonly tokenFile: string;
  /** The pod's own; undefined where the kubelet did not write it. */
  readonly namespace: string | undefined;
}

/** Where kubelets put what a service account needs. */
const directory = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * What the kubelet tells a pod of the API server. Undefined outside of a pod, and in one that has no token: each pod is
 * told the address, also when it is not meant to ask anything.
 *
 * @param readFile throws when the file is not there
 * @throws RuntimeError `ADDRESS_MALFORMED`
 */
export function inCluster(
  env: Readonly<Record<string, string | undefined>>,
  readFile: (path: string) => string,
): InCluster | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) return undefined;
  const read = (name: string) => {
    try {
      return readFile(`${directory}/${name}`).trim();
    } catch {
      return "";
    }
  };
  if (read("token") === "") return undefined;
  return {
    api: apiAt(host, port),
    caFile: `${directory}/ca.crt`,
    tokenFile: `${directory}/token`,
    namespace: read("namespace") || undefined,
  };
}

/** The host comes without brackets, also when it is an IPv6 address. */
function apiAt(host: string, port: string): URL {
  try {
    const address = parseHostPort(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
    return new URL(`https://${formatHostPort(address)}`);
  } catch (cause) {
    const message = "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are no address and port";
    throw new RuntimeError("ADDRESS_MALFORMED", message, { cause });
  }
}
