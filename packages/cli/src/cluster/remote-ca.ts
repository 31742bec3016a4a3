import { parseSpiffeId } from "@kasbah/pki";
import type { LogStream } from "@kasbah/runtime";
import type { z } from "zod";
import type { AuthorityStatusMessage } from "../authority/admin-client.ts";
import type { OperatorClient } from "../authority/operator-client.ts";
import { type Answers, askEvery, inWords, nobodyAnswers } from "./answers.ts";
import type { ClusterChoice } from "./cluster-choice.ts";
import { execAct } from "./exec-act.ts";
import { execKasbah, type PodCall } from "./exec-kasbah.ts";
import { type KubectlWorld, kubectlRunner, type RunKubectl } from "./kubectl.ts";
import { firstKnown, mergeExplanations, mergeStatus } from "./merge.ts";
import { authorityStatus, decision, explanation } from "./read-answers.ts";
import { findReplicas } from "./replica-pods.ts";

export interface RemoteWorld extends KubectlWorld {
  readonly operator: string;
  readonly stderr: LogStream;
}

/** What every replica is asked, and how their answers become one. */
interface Question<Answer, Merged> {
  readonly args: readonly string[];
  readonly schema: z.ZodType<Answer>;
  readonly merge: (answers: Answers<Answer>) => Merged;
  /** Only one replica can know, so that nobody waits for the others. */
  readonly isOneEnough?: boolean;
}

const status = { args: ["authority", "status"], schema: authorityStatus, merge: mergeStatus };

/**
 * The CA in a cluster: runs `kasbah` in its pods through `kubectl exec`. Questions go to every replica; an act goes to one, since
 * replicas act upon the state that they share. Throws CliError `ADMIN_UNREACHABLE`, `ADMIN_FORBIDDEN`, `ADMIN_FAILED`,
 * `OPERATION_REFUSED`, `TARGET_REPLY_INVALID`, `PROCESS_FAILED`.
 */
export class RemoteCa implements OperatorClient {
  /** Each look is as many processes in the cluster as there are replicas. */
  readonly everyMs = 10_000;
  readonly #choice: ClusterChoice;
  readonly #world: RemoteWorld;
  readonly #kubectl: RunKubectl;
  readonly #warned = new Set<string>();

  constructor(choice: ClusterChoice, world: RemoteWorld) {
    this.#choice = choice;
    this.#world = world;
    this.#kubectl = kubectlRunner(choice, world);
  }

  status() {
    return this.#ask(status);
  }

  explainCall(referenceId: string) {
    return this.#ask({ args: ["why", referenceId], schema: decision, merge: firstKnown, isOneEnough: true });
  }

  async explainIdentity(spiffeId: string) {
    const args = ["why", parseSpiffeId(spiffeId).toString()];
    return this.#ask({ args, schema: explanation, merge: mergeExplanations });
  }

  rotate(kind: "root" | "intermediate") {
    return this.#act("rotate", ...(kind === "root" ? ["--root"] : []));
  }

  pause() {
    return this.#act("pause");
  }

  resume() {
    return this.#act("resume");
  }

  abort({ ifEpoch }: { readonly ifEpoch?: number }) {
    return this.#act("abort", ...(ifEpoch === undefined ? [] : [`--if-epoch=${ifEpoch}`]));
  }

  async #ask<Answer, Merged>(question: Question<Answer, Merged>): Promise<Merged> {
    const { args, schema, merge, isOneEnough = false } = question;
    const replicas = await findReplicas(this.#choice, this.#kubectl);
    const one = (pod: string, signal: AbortSignal) =>
      execKasbah(this.#call(pod, args, schema, signal), this.#kubectl);
    const answers = await askEvery(replicas, one, { signal: this.#world.signal, isOneEnough });
    const merged = merge(answers);
    for (const failed of answers.missing) this.#warn(`${inWords(failed)}; the others have answered`);
    return merged;
  }

  /** By the first that answers, those that are ready before the others. Only one that does is told to act. */
  async #act(name: string, ...flags: readonly string[]): Promise<AuthorityStatusMessage> {
    const replicas = await findReplicas(this.#choice, this.#kubectl);
    const missing = [];
    for (const replica of replicas) {
      const one = (pod: string) => execKasbah(this.#call(pod, status.args, status.schema), this.#kubectl);
      const options = { signal: this.#world.signal, isOneEnough: false };
      const answers = await askEvery([replica], one, options);
      missing.push(...answers.missing);
      if (answers.given.length === 0) continue;
      for (const failed of missing) this.#warn(`${inWords(failed)}; ${replica.name} is asked`);
      const args = [`--operator=${this.#world.operator}`, "authority", name, ...flags];
      return execAct(this.#call(replica.name, args, authorityStatus), this.#kubectl);
    }
    throw nobodyAnswers({ given: [], refused: [], missing });
  }

  #call<Answer>(
    pod: string,
    args: readonly string[],
    schema: z.ZodType<Answer>,
    signal = this.#world.signal,
  ): PodCall<Answer> {
    return { pod, namespace: this.#choice.namespace, args: [...args, "--json"], schema, signal };
  }

  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#world.stderr.write(`kasbah: warning: ${text}\n`);
  }
}
