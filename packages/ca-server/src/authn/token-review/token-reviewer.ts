import type { Clock } from "@kasbah/runtime";
import { holdsLastingCertificate } from "../../admission/turns/lasting-certificate.ts";
import type { TokenReviewStatus } from "../ports.ts";
import type { ClusterKeys, TokenProof } from "./cluster-keys.ts";
import type { PresentedToken } from "./review-cache.ts";
import type { ReviewLane, ReviewQueue } from "./review-queue.ts";

export interface TokenReviewerDeps {
  readonly keys: Pick<ClusterKeys, "prove">;
  readonly queue: Pick<ReviewQueue, "run">;
  readonly ask: (token: string) => Promise<TokenReviewStatus>;
  readonly onAnswer: (from: "key-set" | "api-server") => void;
  readonly clock: Clock;
}

/** How long the CA remembers that the API server accepts keys which the cluster does not publish. */
const hiddenKeyMs = 600_000;

/** Asks the API server about a token, after the keys of the cluster have shown what the token deserves. */
export class TokenReviewer {
  readonly #deps: TokenReviewerDeps;
  #hiddenKeyUntilMs = Number.NEGATIVE_INFINITY;

  constructor(deps: TokenReviewerDeps) {
    this.#deps = deps;
  }

  /** @throws ReviewUnavailable; CaError `TOKEN_REJECTED` if the token is forged. */
  async review(token: PresentedToken, wasAccepted: boolean): Promise<TokenReviewStatus> {
    const { queue, ask, onAnswer, clock } = this.#deps;
    const proof = await this.#prove(token);
    const lane = this.#laneOf(wasAccepted ? "proven" : proof, token);
    const asker = { peerAddress: token.peerAddress, namespace: namespaceOf(token) };
    const status = await queue.run(lane, asker, () => {
      onAnswer("api-server");
      return ask(token.text);
    });
    if (proof === "unknown key" && status.authenticated) {
      this.#hiddenKeyUntilMs = clock.monotonicMs() + hiddenKeyMs;
    }
    return status;
  }

  async #prove(token: PresentedToken): Promise<TokenProof> {
    const { keys, onAnswer } = this.#deps;
    try {
      return await keys.prove(token);
    } catch (error) {
      onAnswer("key-set");
      throw error;
    }
  }

  /** If the cluster hides its keys, none of its tokens can be proven. */
  #laneOf(proof: TokenProof, { peerCertificates = [] }: PresentedToken): ReviewLane {
    const { clock } = this.#deps;
    if (proof === "proven")
      return holdsLastingCertificate(peerCertificates, clock.now()) ? "renewing" : proof;
    const hidesKeys = clock.monotonicMs() < this.#hiddenKeyUntilMs;
    return proof === "unknown key" && hidesKeys ? "no keys" : proof;
  }
}

/** The queue uses it only for tokens that are proven. */
function namespaceOf({ unprovenClaims: { sub } }: PresentedToken): string | undefined {
  return typeof sub === "string" ? /^system:serviceaccount:([^:]+):/.exec(sub)?.[1] : undefined;
}
