import type { LogStream } from "@kasbah/runtime";
import type { z } from "zod";
import type { ClusterChoice } from "../kubectl/cluster-choice.ts";
import { type KubectlDeps, kubectlRunner, type RunKubectl } from "../kubectl/kubectl.ts";
import { type Answers, askEvery, describeFailed, type Failed, noAnswerError } from "./answers.ts";
import { execKasbah, type PodCall } from "./exec-kasbah.ts";
import { findReplicas } from "./replica-pods.ts";

export interface ReplicasDeps extends KubectlDeps {
  readonly stderr: LogStream;
}

/** A query for every replica, and how to merge the answers. */
export interface Question<Answer, Merged> {
  /** The arguments for all replicas, or those for a pod. */
  readonly args: readonly string[] | ((pod: string) => readonly string[]);
  readonly schema: z.ZodType<Answer>;
  readonly merge: (answers: Answers<Answer>) => Merged;
  /** Only one replica can have the answer, so the first answer ends the query. */
  readonly isOneEnough?: boolean;
  /** With exit code 1 the command may still print a negative answer as JSON. */
  readonly mayBeNo?: boolean;
  /** The merged answer names the replicas that did not answer, so no warning has to. */
  readonly namesMissing?: boolean;
  readonly deadlineMs?: number;
}

/** The pods of a CA, in which `kubectl exec` runs `kasbah`. */
export class Replicas {
  readonly #choice: ClusterChoice;
  readonly #deps: ReplicasDeps;
  readonly #kubectl: RunKubectl;
  readonly #warned = new Set<string>();

  constructor(choice: ClusterChoice, deps: ReplicasDeps) {
    this.#choice = choice;
    this.#deps = deps;
    this.#kubectl = kubectlRunner(choice, deps);
  }

  /** Queries all replicas and warns about those that do not answer. @throws CliError if none answers */
  async ask<Answer, Merged>(question: Question<Answer, Merged>): Promise<Merged> {
    const { merge, isOneEnough = false, deadlineMs } = question;
    const replicas = await findReplicas(this.#choice, this.#kubectl);
    const one = (pod: string, signal: AbortSignal) =>
      execKasbah(this.#call(pod, question, signal), this.#kubectl, deadlineMs);
    const answers = await askEvery(replicas, one, { signal: this.#deps.signal, isOneEnough });
    const merged = merge(answers);
    if (question.namesMissing) return merged;
    // A refusal counts as an answer only if a single replica can have the answer.
    const silent = isOneEnough ? answers.missing : [...answers.refused, ...answers.missing];
    for (const failed of silent)
      this.#warn(`${describeFailed(failed)}; using the answers of the other replicas`);
    return merged;
  }

  /** Does work with the first replica that answers a query; ready replicas come first. */
  async withFirst<T>(
    question: Pick<Question<unknown, unknown>, "args" | "schema">,
    work: (callOf: CallOf, kubectl: RunKubectl) => Promise<T>,
  ): Promise<T> {
    const missing: Failed[] = [];
    for (const replica of await findReplicas(this.#choice, this.#kubectl)) {
      const one = (pod: string) => execKasbah(this.#call(pod, question), this.#kubectl);
      const answers = await askEvery([replica], one, { signal: this.#deps.signal, isOneEnough: false });
      missing.push(...answers.refused, ...answers.missing);
      if (answers.given.length === 0) continue;
      for (const failed of missing) this.#warn(`${describeFailed(failed)}; using ${replica.name} instead`);
      return work((args, schema) => this.#call(replica.name, { args, schema }), this.#kubectl);
    }
    throw noAnswerError({ given: [], refused: [], missing });
  }

  #call<Answer>(
    pod: string,
    { args, schema, mayBeNo = false }: Pick<Question<Answer, unknown>, "args" | "schema" | "mayBeNo">,
    signal = this.#deps.signal,
  ): PodCall<Answer> {
    const { namespace } = this.#choice;
    const its = typeof args === "function" ? args(pod) : args;
    return { pod, namespace, args: [...its, "--json"], schema, mayBeNo, signal };
  }

  #warn(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#deps.stderr.write(`kasbah: warning: ${text}\n`);
  }
}

/** Builds a run of `kasbah` in the pod that answered. */
export type CallOf = <Answer>(args: readonly string[], schema: z.ZodType<Answer>) => PodCall<Answer>;
