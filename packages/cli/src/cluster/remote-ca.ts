import { parseSpiffeId } from "@kasbah/pki";
import type { SignedChainMessage } from "@kasbah/protocol";
import type { AuthorityStatusMessage, MovedStateMessage, StateHome } from "../authority/admin-client.ts";
import type { OperatorClient } from "../authority/operator-client.ts";
import type { ClusterChoice } from "../kubectl/cluster-choice.ts";
import { execAct } from "./exec-act.ts";
import { firstKnown, mergeExplanations, mergeStatus } from "./merge.ts";
import { mergePreviews } from "./merge-distrust.ts";
import {
  authorityStatus,
  decision,
  distrustPreview,
  explanation,
  movedState,
  newRequest,
} from "./read-answers.ts";
import { Replicas, type ReplicasDeps } from "./replicas.ts";

export interface RemoteDeps extends ReplicasDeps {
  readonly operator: string;
}

/** Each replica reads every unexpired certificate that it issued. */
const previewMs = 90_000;

const status = { args: ["authority", "status"], schema: authorityStatus, merge: mergeStatus };

/**
 * The CA in a cluster: runs `kasbah` in its pods through `kubectl exec`. Queries go to every replica; an
 * operation goes to one, because replicas share their state. Throws CliError `ADMIN_UNREACHABLE`,
 * `ADMIN_FORBIDDEN`, `ADMIN_FAILED`, `ADMIN_OUTDATED`, `OPERATION_REFUSED`, `TARGET_REPLY_INVALID`, `PROCESS_FAILED`.
 */
export class RemoteCa implements OperatorClient {
  /** Every query starts one process per replica in the cluster. */
  readonly everyMs = 10_000;
  readonly #replicas: Replicas;
  readonly #operator: string;

  constructor(choice: ClusterChoice, deps: RemoteDeps) {
    this.#replicas = new Replicas(choice, deps);
    this.#operator = deps.operator;
  }

  status() {
    return this.#replicas.ask(status);
  }

  explainCall(referenceId: string) {
    const args = ["why", referenceId];
    return this.#replicas.ask({ args, schema: decision, merge: firstKnown, isOneEnough: true });
  }

  async explainIdentity(spiffeId: string) {
    const args = ["why", parseSpiffeId(spiffeId).toString()];
    return this.#replicas.ask({ args, schema: explanation, merge: mergeExplanations });
  }

  rotate(kind: "root" | "intermediate") {
    return this.#act("rotate", ...(kind === "root" ? ["--root"] : []));
  }

  recall(id: string) {
    return this.#act("recall", id);
  }

  createRequest() {
    const args = [`--operator=${this.#operator}`, "authority", "csr"];
    return this.#replicas.withFirst(status, (callOf, kubectl) => execAct(callOf(args, newRequest), kubectl));
  }

  /** The chain is an argument, because kubectl exec passes no file. It is public. */
  adoptChain({ chainPem, rootsPem }: SignedChainMessage) {
    const roots = rootsPem === "" ? [] : [`--root-base64=${base64(rootsPem)}`];
    return this.#act("adopt", `--chain-base64=${base64(chainPem)}`, ...roots);
  }

  continueRotation() {
    return this.#act("rotate", "--root", "--continue");
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

  moveState(to: StateHome): Promise<MovedStateMessage> {
    const args = [`--operator=${this.#operator}`, "authority", "move", `--to-${to}`];
    return this.#replicas.withFirst(status, (callOf, kubectl) => execAct(callOf(args, movedState), kubectl));
  }

  previewDistrust(id: string) {
    const args = ["authority", "distrust", id];
    return this.#replicas.ask({ args, schema: distrustPreview, merge: mergePreviews, deadlineMs: previewMs });
  }

  distrust(id: string) {
    return this.#act("distrust", id, "--yes");
  }

  /**
   * Sends the operation to the first replica that reports a status. A replica whose CA is stopped also
   * reports one; the operation then fails there.
   */
  #act(name: string, ...flags: readonly string[]): Promise<AuthorityStatusMessage> {
    const args = [`--operator=${this.#operator}`, "authority", name, ...flags];
    return this.#replicas.withFirst(status, (callOf, kubectl) =>
      execAct(callOf(args, authorityStatus), kubectl),
    );
  }
}

function base64(pem: string): string {
  return Buffer.from(pem).toString("base64");
}
