import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { repositoryRoot } from "../repository.ts";
import { patienceMs } from "../until.ts";

/** What a command in the machine printed, and how it exited. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const bootScript = fileURLToPath(new URL("boot.sh", import.meta.url));
const kinds = ["-m", "-p", "-u", "-i", "-n", "-C"];

/** The reason why no machine can be booted here; undefined if one can. */
export function whyNoMachine(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    return "only root on Linux can boot a machine";
  const needed = ["/lib/systemd/systemd", "/usr/bin/dpkg", "/usr/bin/unshare", "/usr/bin/nsenter"];
  const missing = needed.filter((path) => !existsSync(path));
  return missing.length === 0
    ? undefined
    : `${missing.join(", ")} not found: Debian with systemd is required`;
}

/**
 * A Debian machine with systemd as its first process, in namespaces of its own. Its files are those of this system, but
 * for the repository; what it changes is lost when it stops.
 */
export class Machine implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly #parent: ChildProcess;
  readonly #init: number;

  private constructor(directory: TemporaryDirectory, parent: ChildProcess, init: number) {
    this.#directory = directory;
    this.#parent = parent;
    this.#init = init;
  }

  static async boot(): Promise<Machine> {
    const directory = await temporaryDirectory();
    const script = ["sh", bootScript, directory.path, "/home", "/root", repositoryRoot];
    // If this process is killed, so is the machine.
    const tied = ["--pdeathsig", "KILL", "unshare", ...kinds, "--fork", "--kill-child", ...script];
    const parent = spawn("setpriv", tied, {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let complaint = "";
    parent.stderr?.on("data", (text) => {
      complaint += text;
    });
    const init = await untilSeen("the first process of the machine", patienceMs, () => {
      if (parent.exitCode !== null) throw new Error(`the machine did not boot: ${complaint}`);
      return childOf(parent.pid ?? 0);
    });
    const machine = new Machine(directory, parent, init);
    await untilSeen("the machine has booted", patienceMs, async () => {
      if (parent.exitCode !== null) throw new Error(`the machine did not boot: ${complaint}`);
      const { stdout } = await machine.try("systemctl is-system-running");
      return /^(running|degraded)\n$/.test(stdout) || undefined;
    });
    return machine;
  }

  /** A path of the machine, for this process. */
  path(inside: string): string {
    return join(`/proc/${this.#init}/root`, inside);
  }

  /** Installs a Debian package, and returns what dpkg printed. */
  async install(file: string): Promise<string> {
    await this.copyIn(file, "/tmp/package.deb");
    return this.run("dpkg -i /tmp/package.deb 2>&1");
  }

  /** Copies a file of this system, even from a directory that the machine does not see. */
  async copyIn(file: string, inside: string): Promise<void> {
    await copyFile(file, this.path(inside));
  }

  /** Waits until a shell command prints this. */
  async until(command: string, printed: string): Promise<void> {
    await untilSeen(
      command,
      patienceMs,
      async () => (await this.try(command)).stdout === printed || undefined,
    );
  }

  async write(inside: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(this.path(inside)), { recursive: true });
    await writeFile(this.path(inside), content);
  }

  read(inside: string): Promise<string> {
    return readFile(this.path(inside), "utf8");
  }

  /** Runs a shell command as root and returns its standard output; throws if it fails. */
  async run(command: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.try(command, env);
    if (code !== 0) throw new Error(`"${command}" exited with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Runs a shell command as root, to its end. */
  try(command: string, env: Readonly<Record<string, string>> = {}): Promise<CommandResult> {
    const enter = ["-t", String(this.#init), ...kinds, "-r", "-w", "sh", "-c", command];
    const options = { env: { ...rootEnvironment, ...env }, maxBuffer: 16 << 20 };
    return new Promise((resolve) => {
      const child = execFile("nsenter", enter, options, (_error, stdout, stderr) => {
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#parent, "exit");
    // All processes and mounts of the machine end with its first process.
    process.kill(this.#init, "SIGKILL");
    await ended;
    await this.#directory.remove();
  }
}

const rootEnvironment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LC_ALL: "C.UTF-8",
  DEBIAN_FRONTEND: "noninteractive",
};

function childOf(pid: number): number | undefined {
  const [child = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return child === "" ? undefined : Number(child);
}
