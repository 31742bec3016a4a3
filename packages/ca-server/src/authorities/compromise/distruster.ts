import type { AuthorityStatusMessage, DistrustPreviewMessage } from "@kasbah/protocol";
import type { Clock, Logger } from "@kasbah/runtime";
import { OperationError } from "../../errors.ts";
import type { AuthorityKeeper } from "../keeper.ts";
import { type AuthorityState, authorityOf, rootOf } from "../rotation/authority-state.ts";
import { applyDistrust, type DistrustPlan, planDistrust } from "../rotation/distrust.ts";
import type { AuthorityKind } from "../rotation/stored-authority.ts";
import type { Successor } from "../rotation/succession.ts";
import type { SelfSigned } from "../self-signed.ts";
import type { CompromiseOperations } from "./operations.ts";
import { type HolderSource, previewOf } from "./preview.ts";

export interface DistrusterDeps {
  readonly keeper: AuthorityKeeper;
  readonly selfSigned: SelfSigned;
  /** Runs an operation between two steps of the rotation driver, and returns the status afterwards. */
  readonly operate: (act: () => Promise<unknown>) => Promise<AuthorityStatusMessage>;
  /** Finds the workloads that hold certificates of an authority. */
  readonly holders: HolderSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Distrusts authorities on the word of an operator. */
export class Distruster implements CompromiseOperations {
  readonly #deps: DistrusterDeps;

  constructor(deps: DistrusterDeps) {
    this.#deps = deps;
  }

  async previewDistrust(id: string): Promise<DistrustPreviewMessage> {
    const { keeper, holders, clock } = this.#deps;
    const { state } = keeper;
    const now = clock.now();
    return await previewOf(planPossible(state, id, now), state, { holders, now });
  }

  distrust(id: string): Promise<AuthorityStatusMessage> {
    return this.#deps.operate(() => this.#distrust(id));
  }

  /**
   * The successor's key is durable before the state names it, and the transition before the old key is
   * destroyed: after a crash in between, the CA has at least one key that it may use.
   */
  async #distrust(id: string): Promise<void> {
    const { keeper, clock, logger } = this.#deps;
    const { needs } = planPossible(keeper.state, id, clock.now());
    const successor = needs && (await this.#create(needs));
    const { epoch } = keeper.state;
    await keeper.transition((state) => {
      if (state.epoch !== epoch)
        throw new OperationError("another replica changed the authorities meanwhile: run the command again");
      return applyDistrust(state, id, successor, clock.now());
    });
    logger.warn("authority distrusted", { authority: id, signer: keeper.state.signerId });
    await keeper.destroyDistrustedKeys();
  }

  #create(kind: AuthorityKind): Promise<Successor> {
    const { selfSigned, keeper } = this.#deps;
    return kind === "root"
      ? selfSigned.createRoot(keeper.state)
      : selfSigned.createIntermediate(keeper.state);
  }
}

/**
 * The effect of distrusting an authority, if the CA can create the successor that this needs.
 * @throws OperationError as {@link planDistrust}, and if only an operator can provide the successor
 */
export function planPossible(state: AuthorityState, id: string, now: Date): DistrustPlan {
  const plan = planDistrust(state, id, now);
  refuseImpossible(plan, state);
  return plan;
}

/** The CA has no key of the root above a plugged-in intermediate, so it cannot create a successor itself. */
function refuseImpossible({ target, needs }: DistrustPlan, state: AuthorityState): void {
  if (needs === undefined) return;
  const root = rootOf(state, state.signerId);
  if (root.hasKey && (needs === "root" || root.origin === "self-signed")) return;
  const { id, byRequest } = authorityOf(state, state.signerId);
  const [origin, first] = byRequest === true ? requested(needs) : pluggedIn(needs);
  throw new OperationError(
    `${id} ${origin}, and nothing else may sign without ${target.id}: first ${first}; as soon as kasbah authority list shows the successor, run this command again`,
  );
}

function requested(needs: AuthorityKind): readonly [string, string] {
  const where = needs === "root" ? "under another root" : "under the same root";
  return [
    "was signed by your PKI",
    `run kasbah authority csr, have the CSR signed ${where}, and run kasbah authority adopt`,
  ];
}

function pluggedIn(needs: AuthorityKind): readonly [string, string] {
  const which =
    needs === "root"
      ? "under another root, with both roots in root-cert.pem"
      : "another intermediate under the same root";
  return ["was plugged in", `put its successor into the directory that --root-ca-dir names (${which})`];
}
