import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import type { TemporaryDirectory } from "@kasbah/testkit";
import { bind, type Mount } from "./container-config.ts";

/** What a CA in a container is given, as the chart mounts it. */
export interface CaVolumes {
  readonly issuer: DevTokenIssuer;
  /** The machine's side of /var/lib/kasbah: it outlives containers. */
  readonly state: string;
  readonly mounts: readonly Mount[];
}

const issuerName = "https://issuer.test";
const jwks = "/etc/kasbah/jwks.json";

/** A CA that knows its callers by a key set, as one outside Kubernetes does. */
export const caArgs: readonly string[] = [
  `--jwks=${jwks}`,
  `--token-issuer=${issuerName}`,
  "--server-san=kasbah.kasbah-system.svc",
  "--grpc-address=0.0.0.0:15012",
  "--http-address=0.0.0.0:15014",
  "--log-format=json",
];

/** The key set alone, for a CA that brings a volume of its own or none. */
export async function createAuthn(
  directory: TemporaryDirectory,
): Promise<{ issuer: DevTokenIssuer; mount: Mount }> {
  const issuer = await createTokenIssuer({ issuer: issuerName });
  await issuer.save(directory.join("issuer"));
  await chmod(directory.join("issuer", "jwks.json"), 0o644);
  return { issuer, mount: bind(directory.join("issuer", "jwks.json"), jwks) };
}

/** A folder that is opened to the pod's group, as Kubernetes does by `fsGroup`. */
export async function makeVolume(path: string): Promise<void> {
  await mkdir(path);
  await chown(path, 0, 65532);
  await chmod(path, 0o2770);
}

/** A volume that outlives its container, the callers, and the names that every pod has. */
export async function createCaVolumes(directory: TemporaryDirectory): Promise<CaVolumes> {
  const { issuer, mount } = await createAuthn(directory);
  const state = directory.join("volume");
  await makeVolume(state);
  const hosts = directory.join("hosts");
  await writeFile(hosts, "127.0.0.1 localhost kasbah.kasbah-system.svc\n", { mode: 0o644 });
  return { issuer, state, mounts: [mount, bind(state, "/var/lib/kasbah", "rw"), bind(hosts, "/etc/hosts")] };
}
