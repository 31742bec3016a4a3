import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, type TemporaryDirectory } from "@kasbah/testkit";
import { provideTool } from "../../deploy/image/debian-packages.ts";
import type { UnpackedImage } from "./hooks.ts";

/** A mount as runc's configuration has it. */
export interface Mount {
  readonly destination: string;
  readonly type: "bind" | "tmpfs";
  readonly source: string;
  readonly options: readonly string[];
}

export interface ContainerPlan {
  readonly name: string;
  readonly from: UnpackedImage;
  /** What follows the image's entrypoint. */
  readonly args: readonly string[];
  readonly mounts?: readonly Mount[];
  readonly user?: { readonly uid: number; readonly gid: number };
  /** A container whose network it shares, as those of a pod do. */
  readonly beside?: Container;
}

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
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

/** A container that runs by runc as the chart wants it: nobody's user, nothing to write, nothing it may. */
export class Container {
  readonly #runc: Runc;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Outcome>;
  #output = "";

  private constructor(runc: Runc, name: string, bundle: string) {
    this.#runc = runc;
    this.#name = name;
    const { file, args, env } = runc;
    this.#child = spawn(file, [...args, "run", "--bundle", bundle, name], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#ended = outcomeOf(this.#child, (text) => {
      this.#output += text;
    });
  }

  static async start(plan: ContainerPlan, directory: TemporaryDirectory): Promise<Container> {
    const runc = await provideRunc(directory);
    const bundle = directory.join(plan.name);
    await mkdir(bundle);
    const configuration = await configurationOf(plan);
    await writeFile(join(bundle, "config.json"), JSON.stringify(configuration));
    return new Container(runc, plan.name, bundle);
  }

  /** What it wrote so far. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when its process has ended by itself or otherwise. */
  get ended(): Promise<Outcome> {
    return this.#ended;
  }

  /** Runs a further command in it, as `kubectl exec` does. */
  async exec(...command: string[]): Promise<Outcome> {
    const { file, args, env } = this.#runc;
    return outcomeOf(spawn(file, [...args, "exec", this.#name, ...command], { env }));
  }

  /** Its first process, by the machine's own count. */
  async pid(): Promise<number> {
    const { file, args, env } = this.#runc;
    const { out } = await outcomeOf(spawn(file, [...args, "state", this.#name], { env }));
    return JSON.parse(out).pid;
  }

  /** Asks for a path in the container's own network, which nobody else reaches. */
  async get(port: number, path: string): Promise<string> {
    const ask = `const r = await fetch("http://127.0.0.1:${port}${path}"); console.log(r.status, await r.text())`;
    const { out } = await this.exec("node", "--input-type=module", "--eval", ask);
    return out.trim();
  }

  async untilAnswers(port: number, path: string): Promise<void> {
    await this.#until(async () => (await this.get(port, path)).startsWith("200"));
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    let end: Outcome | undefined;
    void this.#ended.then((outcome) => {
      end = outcome;
    });
    await eventually(async () => end !== undefined || (await holds()), 60_000);
    if (end) throw new Error(`${this.#name} ended with ${end.code}: ${this.#output.slice(-1500)}`);
  }

  async signal(name: "SIGTERM" | "SIGKILL"): Promise<Outcome> {
    process.kill(await this.pid(), name);
    return this.#ended;
  }

  async remove(): Promise<void> {
    const { file, args, env } = this.#runc;
    await outcomeOf(spawn(file, [...args, "delete", "--force", this.#name], { env }));
    await this.#ended;
  }
}

interface Runc {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

async function provideRunc(directory: TemporaryDirectory): Promise<Runc> {
  const say = (line: string) => process.stdout.write(`      ${line}\n`);
  const { directory: runc } = await provideTool("runc", say);
  const { directory: seccomp } = await provideTool("libseccomp2", say);
  const triplet = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch as string] ?? "";
  const env = { ...process.env, LD_LIBRARY_PATH: join(seccomp, "usr/lib", triplet) };
  return { file: join(runc, "usr/sbin/runc"), args: ["--root", directory.join("runc")], env };
}

async function configurationOf(plan: ContainerPlan): Promise<object> {
  const { from, args, mounts = [], beside, user = { uid: 65532, gid: 65532 } } = plan;
  const ofImage = JSON.parse(await readFile(join(from.bundle, "config.json"), "utf8"));
  const namespaces = ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type }));
  const network = beside === undefined ? undefined : `/proc/${await beside.pid()}/ns/net`;
  return {
    ociVersion: ofImage.ociVersion,
    root: { path: from.rootfs, readonly: true },
    hostname: plan.name,
    process: {
      ...ofImage.process,
      args: [...ofImage.process.args, ...args],
      terminal: false,
      user,
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

async function outcomeOf(child: ChildProcess, onText: (text: string) => void = () => {}): Promise<Outcome> {
  const said = { out: "", err: "" };
  child.stdout?.on("data", (chunk) => {
    said.out += chunk;
    onText(String(chunk));
  });
  child.stderr?.on("data", (chunk) => {
    said.err += chunk;
    onText(String(chunk));
  });
  const [code] = await once(child, "close");
  return { code, ...said };
}
