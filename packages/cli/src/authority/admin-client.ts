import { resolve } from "node:path";
import {
  type AuthorityStatusMessage,
  abortRotation,
  acceptClock,
  acceptLedgerLoss,
  adoptAuthorityChain,
  type ClockStatusMessage,
  continueRotation,
  type DecisionMessage,
  type DistrustPreviewMessage,
  distrustAuthority,
  explainCall,
  explainIdentity,
  getAuthorityStatus,
  getClockStatus,
  getLedgerHeads,
  getOverview,
  type IdentityExplanationMessage,
  type KnownHeadsMessage,
  type LedgerLossMessage,
  type Method,
  type MovedStateMessage,
  moveCaState,
  type NewRequestMessage,
  type OverviewMessage,
  type OverviewRequest,
  pauseRotation,
  previewDistrust,
  recallAuthority,
  requestAuthority,
  resumeRotation,
  rotateAuthority,
  type SignedChainMessage,
  type StateHome,
} from "@kasbah/protocol";
import { Http2Channel } from "@kasbah/runtime/grpc-http2";
import { explainAdminFailure } from "./admin-failure.ts";
import type { OperatorClient } from "./operator-client.ts";

export type {
  AuthorityMessage,
  AuthorityStatusMessage,
  ClockStatusMessage,
  DecisionMessage,
  IdentityExplanationMessage,
  LeafMessage,
  MovedStateMessage,
  NewRequestMessage,
  OutstandingRequestMessage,
  RootClientMessage,
  RotationMessage,
  StateHome,
} from "@kasbah/protocol";

export interface AdminDeadlines {
  /** For the CA to answer a query. */
  readonly answerMs: number;
  /**
   * For an operation: generating a 4096-bit key takes many seconds on a small machine, and another operation
   * may run first.
   */
  readonly actMs: number;
}

const deadlines: AdminDeadlines = { answerMs: 10_000, actMs: 60_000 };

/**
 * The client of the CA's admin socket. Throws CliError `ADMIN_UNREACHABLE`, `ADMIN_FORBIDDEN`,
 * `OPERATION_REFUSED`, `ADMIN_OUTDATED`, `ADMIN_FAILED`.
 */
export class AdminClient implements OperatorClient {
  readonly everyMs = 1000;
  readonly #path: string;
  readonly #operator: string;
  readonly #deadlines: AdminDeadlines;

  /** @param operator the operator's name for the CA's log, which the CA does not verify */
  constructor(path: string, operator: string, within: AdminDeadlines = deadlines) {
    this.#path = resolve(path);
    this.#operator = operator;
    this.#deadlines = within;
  }

  status(): Promise<AuthorityStatusMessage> {
    return this.#call(getAuthorityStatus, {}, this.#deadlines.answerMs);
  }

  rotate(kind: "root" | "intermediate"): Promise<AuthorityStatusMessage> {
    return this.#act(rotateAuthority, { kind });
  }

  recall(id: string): Promise<AuthorityStatusMessage> {
    return this.#act(recallAuthority, { id });
  }

  async createRequest(): Promise<NewRequestMessage> {
    await this.status();
    return this.#call(requestAuthority, {}, this.#deadlines.actMs);
  }

  adoptChain(signed: SignedChainMessage): Promise<AuthorityStatusMessage> {
    return this.#act(adoptAuthorityChain, signed);
  }

  continueRotation(): Promise<AuthorityStatusMessage> {
    return this.#act(continueRotation, {});
  }

  pause(): Promise<AuthorityStatusMessage> {
    return this.#act(pauseRotation, {});
  }

  resume(): Promise<AuthorityStatusMessage> {
    return this.#act(resumeRotation, {});
  }

  abort(options: { readonly ifEpoch?: number }): Promise<AuthorityStatusMessage> {
    return this.#act(abortRotation, options);
  }

  async moveState(to: StateHome): Promise<MovedStateMessage> {
    await this.status();
    return this.#call(moveCaState, { to }, this.#deadlines.actMs);
  }

  /** Reads every unexpired certificate, so it gets the deadline of an operation. */
  async previewDistrust(id: string): Promise<DistrustPreviewMessage> {
    await this.status();
    return this.#call(previewDistrust, { id }, this.#deadlines.actMs);
  }

  distrust(id: string): Promise<AuthorityStatusMessage> {
    return this.#act(distrustAuthority, { id });
  }

  /** The clock of this CA process; every replica has its own. */
  clockStatus(): Promise<ClockStatusMessage> {
    return this.#call(getClockStatus, {}, this.#deadlines.answerMs);
  }

  /** Vouches for the clock of the CA's machine. */
  acceptClock(): Promise<ClockStatusMessage> {
    return this.#act(acceptClock, {});
  }

  /** Accepts that the ledger was lost. */
  acceptLedgerLoss(reason: string): Promise<LedgerLossMessage> {
    return this.#act(acceptLedgerLoss, { reason });
  }

  /** The decision about one call. Throws `OPERATION_REFUSED` if the CA has no record of the call. */
  explainCall(referenceId: string): Promise<DecisionMessage> {
    return this.#call(explainCall, { referenceId }, this.#deadlines.answerMs);
  }

  /** The heads of ledgers that the CA knows from outside its ledger. */
  ledgerHeads(): Promise<KnownHeadsMessage> {
    return this.#call(getLedgerHeads, {}, this.#deadlines.answerMs);
  }

  /** The decision of the current policy about an identity. */
  explainIdentity(spiffeId: string): Promise<IdentityExplanationMessage> {
    return this.#call(explainIdentity, { spiffeId }, this.#deadlines.answerMs);
  }

  /** The overview as this CA process reports it. Throws `ADMIN_OUTDATED` in a CA of an earlier release. */
  ownOverview(request: OverviewRequest): Promise<OverviewMessage> {
    return this.#call(getOverview, request, this.#deadlines.answerMs);
  }

  /** Queries the status first, so that only a live CA gets the long deadline of an operation. */
  async #act<Request, Response>(method: Method<Request, Response>, request: Request) {
    await this.status();
    return this.#call(method, request, this.#deadlines.actMs);
  }

  async #call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    deadlineMs: number,
  ): Promise<Response> {
    const channel = new Http2Channel({ unixPath: this.#path });
    try {
      const metadata = { "kasbah-operator": headerValue(this.#operator) };
      return await channel.unary(method, request, { deadlineMs, metadata });
    } catch (error) {
      throw await explainAdminFailure(error, {
        path: this.#path,
        isAct: deadlineMs === this.#deadlines.actMs,
      });
    } finally {
      channel.close();
    }
  }
}

/** Header values are printable ASCII, but user names need not be. */
function headerValue(text: string): string {
  return text.toWellFormed().replace(/[^ -~]/gu, encodeURIComponent);
}
