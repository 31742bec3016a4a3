import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { UnpackedImage } from "./hooks.ts";

/** A mount in the format of runc's configuration. */
export interface Mount {
  readonly destination: string;
  readonly type: "bind" | "tmpfs";
  readonly source: string;
  readonly options: readonly string[];
}

/** The inputs of a container. */
export interface ContainerPlan {
  readonly name: string;
  readonly from: UnpackedImage;
  /** The arguments after the image's entrypoint. */
  readonly args: readonly string[];
  readonly mounts?: readonly Mount[];
  /** The user of the image by default. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** An in-memory volume for the pod's group. If the directory exists in the image, runc copies its mode. */
export const memory = (destination: string, ...options: string[]): Mount => {
  const ofGroup = ["nosuid", "nodev", "noexec", "mode=2770", "uid=0", "gid=65532"];
  return { destination, type: "tmpfs", source: "tmpfs", options: [...ofGroup, ...options] };
};

/** A file or directory of the host. */
export const bind = (source: string, destination: string, mode: "ro" | "rw" = "ro"): Mount => {
  return { destination, type: "bind", source, options: ["bind", mode] };
};

/**
 * The security settings of the chart: the image's user, no capabilities, no new privileges, a read-only root
 * file system.
 *
 * @param network the network namespace to share with another container; if undefined, a new one.
 */
export async function configurationOf(plan: ContainerPlan, network: string | undefined): Promise<object> {
  const { from, args, mounts = [], user } = plan;
  const ofImage = JSON.parse(await readFile(join(from.bundle, "config.json"), "utf8"));
  const namespaces = ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type }));
  return {
    ociVersion: ofImage.ociVersion,
    root: { path: from.rootfs, readonly: true },
    hostname: plan.name,
    process: {
      ...ofImage.process,
      args: [...ofImage.process.args, ...args],
      terminal: false,
      user: user ?? ofImage.process.user,
      capabilities: {},
      noNewPrivileges: true,
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 20_000, soft: 20_000 }],
    },
    mounts: [...ofImage.mounts.filter(({ type }: { type: string }) => type !== "cgroup"), ...mounts],
    linux: {
      namespaces: namespaces.map(({ type }) =>
        type === "network" && network ? { type, path: network } : { type },
      ),
      maskedPaths: ofImage.linux.maskedPaths,
      readonlyPaths: ofImage.linux.readonlyPaths,
    },
  };
}
