import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { UnpackedImage } from "./hooks.ts";

/** A mount as runc's configuration has it. */
export interface Mount {
  readonly destination: string;
  readonly type: "bind" | "tmpfs";
  readonly source: string;
  readonly options: readonly string[];
}

/** What a container is made of. */
export interface ContainerPlan {
  readonly name: string;
  readonly from: UnpackedImage;
  /** What follows the image's entrypoint. */
  readonly args: readonly string[];
  readonly mounts?: readonly Mount[];
  /** The image's unless given. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

/** A volume in memory for the pod's group. Where the image has the folder, runc gives it that one's mode. */
export const memory = (destination: string, ...options: string[]): Mount => {
  const ofGroup = ["nosuid", "nodev", "noexec", "mode=2770", "uid=0", "gid=65532"];
  return { destination, type: "tmpfs", source: "tmpfs", options: [...ofGroup, ...options] };
};

/** A file or folder of the machine. */
export const bind = (source: string, destination: string, mode: "ro" | "rw" = "ro"): Mount => {
  return { destination, type: "bind", source, options: ["bind", mode] };
};

/**
 * As the chart has it: the image's user, no capability, no new privileges, a root file system that is read-only.
 *
 * @param network the namespace of a container that it shares one with; a new one without.
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
