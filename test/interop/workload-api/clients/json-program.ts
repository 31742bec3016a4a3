import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { untilSeen } from "@kasbah/testkit";
import { patienceMs } from "../../../harness/until.ts";
import type { Answer, Answers, RunningClient, Workload } from "./client.ts";

interface Line extends Answer {
  readonly call?: string;
  readonly update?: string;
  readonly done?: string;
}

/** A call reports its own deadline of a minute as an error, so a program that hangs is one that still runs after all of them. */
const hangsAfterMs = 10 * patienceMs;

/** A program of the suite: it prints JSON lines, and makes the calls for which its standard input asks. */
export class JsonProgram implements RunningClient {
  readonly #lines: Line[] = [];
  readonly #child: ChildProcess;
  #log = "";

  constructor(command: readonly string[], { socket, spiffeId }: Workload) {
    const [file = "", ...args] = command;
    const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` };
    const child = spawn(file, [...args, spiffeId], { env, stdio: "pipe" });
    createInterface(child.stdout).on("line", (line) => this.#lines.push(JSON.parse(line)));
    child.stderr.setEncoding("utf8").on("data", (text) => {
      this.#log += text;
    });
    child.stdin.on("error", () => undefined);
    this.#child = child;
  }

  async ask(profile: "x509" | "jwt"): Promise<Answers> {
    const from = this.#lines.length;
    this.#child.stdin?.write(`${profile}\n`);
    const answered = await untilSeen(`answer to "${profile}"`, hangsAfterMs, () => {
      const done = this.#lines.findIndex((line, index) => index >= from && line.done === profile);
      if (done < 0 && !this.#isRunning) throw new Error(`the program exited:\n${this.#log.slice(-3_000)}`);
      return done < 0 ? undefined : this.#lines.slice(from, done);
    });
    return byName(answered, "call");
  }

  async pushed(): Promise<Answers> {
    const updates = this.#lines.filter(({ update, error }) => update !== undefined && error === undefined);
    return byName(updates, "update");
  }

  get pushErrors(): readonly string[] {
    return this.#lines.flatMap(({ update, error }) =>
      update === undefined || error === undefined ? [] : [`${update}: ${error}`],
    );
  }

  async stop(): Promise<void> {
    if (!this.#isRunning) return;
    const exited = once(this.#child, "exit");
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await exited.finally(() => clearTimeout(timer));
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
}

/** The last line of each name. */
function byName(lines: readonly Line[], kind: "call" | "update"): Answers {
  return Object.fromEntries(lines.flatMap((line) => (line[kind] === undefined ? [] : [[line[kind], line]])));
}
