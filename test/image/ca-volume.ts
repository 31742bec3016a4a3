import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import type { TemporaryDirectory } from "@kasbah/testkit";
import { bind, type Mount } from "./container-config.ts";

/** The inputs of a CA in a container, mounted as the chart does. */
export interface CaVolumes {
  readonly issuer: DevTokenIssuer;
  /** The host path of /var/lib/kasbah, which outlives the containers. */
  readonly state: string;
  readonly mounts: readonly Mount[];
}

const issuerName = "https://issuer.test";
const jwks = "/etc/kasbah/jwks.json";

/** A CA that authenticates callers with a key set, like one outside Kubernetes. */
export const caArgs: readonly string[] = [
  `--jwks=${jwks}`,
  `--token-issuer=${issuerName}`,
  "--server-san=kasbah.kasbah-system.svc",
  "--grpc-address=0.0.0.0:15012",
  "--http-address=0.0.0.0:15014",
  "--probe-address=0.0.0.0:15016",
  "--log-format=json",
];

/** Only the key set, for a CA that has its own volume or none. */
export async function createAuthn(
  directory: TemporaryDirectory,
): Promise<{ issuer: DevTokenIssuer; mount: Mount }> {
  const issuer = await createTokenIssuer({ issuer: issuerName });
  await issuer.save(directory.join("issuer"));
  await chmod(directory.join("issuer", "jwks.json"), 0o644);
  return { issuer, mount: bind(directory.join("issuer", "jwks.json"), jwks) };
}

/** Creates a directory that the pod's group can write, as Kubernetes does for `fsGroup`. */
export async function makeVolume(path: string): Promise<void> {
  await mkdir(path);
  await chown(path, 0, 65532);
  await chmod(path, 0o2770);
}

/** A volume that outlives its container, the callers, and the host names of a pod. */
export async function createCaVolumes(directory: TemporaryDirectory): Promise<CaVolumes> {
  const { issuer, mount } = await createAuthn(directory);
  const state = directory.join("volume");
  await makeVolume(state);
  const hosts = directory.join("hosts");
  await writeFile(hosts, "127.0.0.1 localhost kasbah.kasbah-system.svc\n", { mode: 0o644 });
  return { issuer, state, mounts: [mount, bind(state, "/var/lib/kasbah", "rw"), bind(hosts, "/etc/hosts")] };
}
