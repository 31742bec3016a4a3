import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseTrustBundle } from "@kasbah/pki";
import { type DaemonLaunch, DaemonProcess } from "../../harness/daemon-process.ts";
import type { ControlPlane } from "../control-plane.ts";

/** A StatefulSet as the API server returns it. */
export interface InstalledSet {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}

export interface ClusterPodOptions extends DaemonLaunch {
  readonly controlPlane: ControlPlane;
  readonly namespace: string;
  readonly ordinal: number;
  /** The directory of its volume. */
  readonly volume: string;
  /** The token of the CA's service account. */
  readonly tokenFile: string;
  /** The program in its image. */
  readonly server: string;
}

const flagOf = (arg: string) => arg.split("=", 1)[0] ?? "";

/** A pod of the installed StatefulSet: the real server with the arguments of its container, in a process. */
export class ClusterPod extends DaemonProcess {
  readonly stateDir: string;

  private constructor(args: readonly string[], options: ClusterPodOptions) {
    const { controlPlane, namespace, ordinal, volume, tokenFile, server, ...launch } = options;
    const stateDir = join(volume, "state");
    const outside = {
      "--kubernetes-api": controlPlane.url.href,
      "--allow-address": "127.0.0.1",
      "--kubernetes-ca-file": controlPlane.caFile,
      "--kubernetes-token-file": tokenFile,
      "--grpc-address": "127.0.0.1:0",
      "--http-address": "127.0.0.1:0",
    };
    const env = { POD_NAME: `kasbah-${ordinal}`, POD_NAMESPACE: namespace, KASBAH_STATE_DIR: stateDir };
    const own = args
      .filter((arg) => !Object.keys(outside).includes(flagOf(arg)))
      // The pods share the ports of this machine. Earlier releases have no such flag.
      .map((arg) => (flagOf(arg) === "--probe-address" ? "--probe-address=127.0.0.1:0" : arg));
    super(`kasbah-${ordinal}`, [server, ...own, ...Object.entries(outside).flat()], { ...launch, env });
    this.stateDir = stateDir;
  }

  /** Starts the pod as the installed StatefulSet describes it. */
  static async start(options: ClusterPodOptions): Promise<ClusterPod> {
    const set = await installedSet(options.controlPlane, options.namespace);
    return new ClusterPod(set.spec.template.spec.containers[0]?.args ?? [], options);
  }

  /** The fingerprints of the roots that it publishes, once it is ready. */
  async roots(): Promise<readonly string[]> {
    await this.untilReady();
    const pem = await readFile(join(this.stateDir, "public", "root-cert.pem"), "utf8");
    return parseTrustBundle(pem).roots.map(({ fingerprint }) => fingerprint);
  }
}

export async function installedSet(controlPlane: ControlPlane, namespace: string): Promise<InstalledSet> {
  const path = `/apis/apps/v1/namespaces/${namespace}/statefulsets/kasbah`;
  return (await controlPlane.adminRequest<InstalledSet>("GET", path)).body;
}
