import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, type TemporaryDirectory } from "@kasbah/testkit";
import { provideTool } from "../../deploy/image/debian-packages.ts";
import { type ContainerPlan, configurationOf } from "./container-config.ts";

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * A container that runc runs under the chart's security settings: unprivileged user, read-only root file
 * system, no capabilities.
 */
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

  /** @param beside the container whose network it shares, as in a pod. */
  static async start(
    plan: ContainerPlan,
    directory: TemporaryDirectory,
    beside?: Container,
  ): Promise<Container> {
    const runc = await provideRunc(directory);
    const bundle = directory.join(plan.name);
    await mkdir(bundle);
    const configuration = await configurationOf(plan, beside && (await beside.#network()));
    await writeFile(join(bundle, "config.json"), JSON.stringify(configuration));
    return new Container(runc, plan.name, bundle);
  }

  /** Everything that it has written so far. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when its process has exited for any reason. */
  get ended(): Promise<Outcome> {
    return this.#ended;
  }

  /** Runs another command in the container, as `kubectl exec` does. */
  async exec(...command: string[]): Promise<Outcome> {
    return this.#ask("exec", this.#name, ...command);
  }

  /** Its first process, as numbered by the host. */
  async pid(): Promise<number> {
    return JSON.parse((await this.#ask("state", this.#name)).out).pid;
  }

  async #network(): Promise<string> {
    return `/proc/${await this.pid()}/ns/net`;
  }

  /** Sends an HTTP request within the container's own network, which is not reachable from outside. */
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
    if (end) throw new Error(`${this.#name} exited with code ${end.code}: ${this.#output.slice(-1500)}`);
  }

  async signal(name: "SIGTERM" | "SIGKILL"): Promise<Outcome> {
    process.kill(await this.pid(), name);
    return this.#ended;
  }

  async remove(): Promise<void> {
    await this.#ask("delete", "--force", this.#name);
    await this.#ended;
  }

  #ask(...command: string[]): Promise<Outcome> {
    const { file, args, env } = this.#runc;
    return outcomeOf(spawn(file, [...args, ...command], { env }));
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
