import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { repositoryRoot } from "../../harness/repository.ts";

const program = fileURLToPath(new URL("sandbox.sh", import.meta.url));

export interface SandboxOptions {
  /** The page's own folder. */
  readonly directory: string;
  /** Whether the page gets a copy of the clone that it may change. */
  readonly withClone: boolean;
  /** The sandbox whose ports it shares; by default it has ports of its own. */
  readonly network?: Sandbox | undefined;
}

/** Without root, a user namespace makes the namespaces possible where the machine allows it. */
const asRoot = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];

/** Why no page can run here; undefined if pages can. */
export function whyNoSandbox(): string | undefined {
  if (process.platform !== "linux") return "pages run in Linux namespaces only";
  const tried = spawnSync("unshare", [...asRoot, "--net", "--mount", "--pid", "--fork", "true"], {
    encoding: "utf8",
  });
  if (tried.status === 0) return undefined;
  return `cannot create namespaces (${tried.error?.message ?? tried.stderr.trim()}): run as root, or allow user namespaces`;
}

/**
 * Namespaces in which a page finds the paths and the ports that it names, and in which all of its processes end
 * with it.
 */
export class Sandbox implements AsyncDisposable {
  readonly #init: ChildProcess;
  readonly #target: string;

  private constructor(init: ChildProcess, target: string) {
    this.#init = init;
    this.#target = target;
  }

  static async create({ directory, withClone, network }: SandboxOptions): Promise<Sandbox> {
    const namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const joined = network === undefined ? [] : network.networkOnly;
    const own = network === undefined ? [...asRoot, "--net"] : [];
    const script = ["bash", program, directory, repositoryRoot.replace(/\/$/, ""), withClone ? "clone" : ""];
    const [file = "", ...args] = [...joined, "unshare", ...own, ...namespaces, ...script];
    const init = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
    await untilReady(init);
    const children = await readFile(`/proc/${init.pid}/task/${init.pid}/children`, "utf8");
    return new Sandbox(init, children.trim());
  }

  /** The command that becomes a process in these namespaces. */
  get within(): readonly string[] {
    return [...this.#enter, "--mount", "--net", "--pid", "--"];
  }

  /** The same for its network alone. */
  get networkOnly(): readonly string[] {
    return [...this.#enter, "--net", "--"];
  }

  get #enter(): readonly string[] {
    const user = asRoot.length === 0 ? [] : ["--user", "--preserve-credentials"];
    return ["nsenter", `--target=${this.#target}`, ...user];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#init, "exit");
    // The kernel ends every process of the namespaces with their first one.
    if (this.#init.exitCode === null && this.#init.kill("SIGKILL")) await exited;
  }
}

async function untilReady(init: ChildProcess): Promise<void> {
  const problem: Buffer[] = [];
  init.stderr?.on("data", (chunk) => problem.push(chunk));
  const died = once(init, "exit").then(() => {
    throw new Error(`cannot create namespaces: ${Buffer.concat(problem)}`);
  });
  died.catch(() => {});
  await Promise.race([once(init.stdout as NodeJS.ReadableStream, "data"), died]);
}
