import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Answer, Command, Order, Outcome, Target } from "./order.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

/** A load generator in a process of its own, for one CA. */
export class LoadGenerator implements AsyncDisposable {
  readonly #child: ChildProcess = fork(program, { serialization: "advanced" });

  static async start(target: Target): Promise<LoadGenerator> {
    const generator = new LoadGenerator();
    await generator.#ask({ kind: "target", target });
    return generator;
  }

  /** Opens connections and obtains certificates, so that the run that follows measures calls alone. */
  async prepare(order: Order): Promise<void> {
    await this.#ask({ kind: "prepare", order });
  }

  async run(order: Order): Promise<Outcome> {
    const answer = await this.#ask({ kind: "run", order });
    if (answer.kind !== "outcome") throw new Error(`unexpected answer: ${answer.kind}`);
    return answer.outcome;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.disconnect();
    await once(this.#child, "exit");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #ask(command: Command): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const onExit = () => reject(new Error("the load generator exited"));
    this.#child.once("message", resolve).once("exit", onExit);
    this.#child.send(command);
    const answer = await promise.finally(() => this.#child.off("exit", onExit));
    if (answer.kind === "failed") throw new Error(`load generator: ${answer.reason}`);
    return answer;
  }
}
