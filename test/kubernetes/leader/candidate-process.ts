import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CandidateOrder, Sample } from "./candidate.ts";

const script = fileURLToPath(new URL("candidate.ts", import.meta.url));

/** A candidate process and every sample of its belief that it leads. */
export class CandidateProcess {
  readonly identity: string;
  readonly samples: Sample[] = [];
  readonly #child: ChildProcess;

  constructor(order: CandidateOrder) {
    this.identity = order.identity;
    const args = ["--conditions=kasbah-source", script, JSON.stringify(order)];
    this.#child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
    if (this.#child.stdout === null) throw new TypeError("stdout must be a pipe");
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.samples.push(JSON.parse(line)));
  }

  get isLeader(): boolean {
    return this.samples.at(-1)?.[1] ?? false;
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(name);
  }

  /** Resolves when the process has exited. */
  async end(name: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    // Otherwise a suspended process would never receive the signal and shut down cleanly.
    this.#child.kill("SIGCONT");
    this.#child.kill(name);
    await ended;
  }
}

/**
 * The periods in which each candidate considered itself leader, from the first to the last sample of each
 * unbroken series.
 */
export function reigns(candidates: readonly CandidateProcess[]): readonly Reign[] {
  const all = candidates.flatMap(({ identity, samples }) => reignsIn(identity, samples));
  return all.toSorted((a, b) => a.fromMs - b.fromMs);
}

export interface Reign {
  readonly identity: string;
  readonly fromMs: number;
  readonly toMs: number;
}

function reignsIn(identity: string, samples: readonly Sample[]): readonly Reign[] {
  const found: Reign[] = [];
  let reign: Reign | undefined;
  for (const [atMs, isLeader] of samples) {
    if (isLeader) reign = { identity, fromMs: reign?.fromMs ?? atMs, toMs: atMs };
    else if (reign !== undefined) {
      found.push(reign);
      reign = undefined;
    }
  }
  return reign === undefined ? found : [...found, reign];
}
