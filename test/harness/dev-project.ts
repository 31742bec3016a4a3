import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { LoggedProcess } from "./logged-process.ts";
import { kasbahBin } from "./repository.ts";

export interface DevOutcome {
  readonly code: number;
  readonly output: string;
}

/** An empty folder in which a developer types `kasbah dev …`, with a home of its own. */
export class DevProject implements AsyncDisposable {
  readonly #directory: TemporaryDirectory;
  readonly env: Readonly<Record<string, string>>;
  readonly #runs: LoggedProcess[] = [];

  private constructor(directory: TemporaryDirectory, envoyPath: string) {
    this.#directory = directory;
    // The reaper of a run that is killed removes what is in here.
    this.env = { HOME: directory.join("home"), TMPDIR: directory.join("tmp"), ENVOY_BIN: envoyPath };
  }

  static async create(envoyPath: string): Promise<DevProject> {
    const directory = await temporaryDirectory();
    for (const name of ["home", "tmp", "project"]) await mkdir(directory.join(name));
    return new DevProject(directory, envoyPath);
  }

  get folder(): string {
    return this.#directory.join("project");
  }

  /** The folder of temporary files. */
  get temporary(): string {
    return this.#directory.join("tmp");
  }

  /** The command with these arguments, in the folder. */
  command(...args: readonly string[]): readonly string[] {
    return ["env", `--chdir=${this.folder}`, process.execPath, kasbahBin, "dev", ...args];
  }

  /** Runs a command that ends. */
  dev(...args: readonly string[]): Promise<DevOutcome> {
    const [file = "", ...rest] = this.command(...args);
    const options = { env: { PATH: process.env["PATH"] ?? "", ...this.env }, timeout: 90_000 };
    return new Promise((resolve) => {
      execFile(file, rest, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), output: `${stdout}${stderr}` });
      });
    });
  }

  /** Starts `kasbah dev run`. */
  run(name: string, ...args: readonly string[]): LoggedProcess {
    const command = this.command("run", "--as", name, ...args);
    const started = new LoggedProcess({ title: `kasbah dev run --as ${name}`, command, env: this.env });
    this.#runs.push(started);
    return started;
  }

  document() {
    return JSON.parse(readFileSync(join(this.folder, ".kasbah/dev.json"), "utf8"));
  }

  /** The processes of this project: the command line of each names one of its folders. */
  processes(): readonly { readonly pid: number; readonly args: string }[] {
    const lines = execFileSync("ps", ["-eo", "pid=,stat=,args="], { encoding: "utf8" }).split("\n");
    return lines.flatMap((line) => {
      const [, pid, args = ""] = /^\s*(\d+) [^Z ]\S* (.*)$/.exec(line) ?? [];
      return args.includes(this.#directory.path) && Number(pid) !== process.pid
        ? [{ pid: Number(pid), args }]
        : [];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dev("down", "--purge");
    for (const each of this.#runs) await each.stop();
    await this.#directory.remove();
  }
}

/** Distinct free ports. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
