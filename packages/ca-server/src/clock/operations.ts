import type { ClockStatusMessage } from "@kasbah/protocol";
import { OperationError } from "../errors.ts";
import type { TrustedClock } from "./trusted-clock.ts";

export interface ClockOperatorDeps {
  readonly clock: TrustedClock;
  /** Replaces a root that is not valid yet, and returns the ids of the replaced authorities. */
  readonly replaceFutureRoot: () => Promise<readonly string[]>;
}

/** What operators can ask about the clock and do to it. */
export class ClockOperator {
  readonly #deps: ClockOperatorDeps;

  constructor(deps: ClockOperatorDeps) {
    this.#deps = deps;
  }

  status(): ClockStatusMessage {
    return this.#statusAfter([]);
  }

  /** Trusts the wall clock from now on. @throws OperationError if it shows a time before this release */
  async accept(): Promise<ClockStatusMessage> {
    const { clock, replaceFutureRoot } = this.#deps;
    if (!clock.mayAccept()) {
      throw new OperationError("the clock shows a time before this release was made: set it first");
    }
    clock.accept();
    return this.#statusAfter(await replaceFutureRoot());
  }

  #statusAfter(replaced: readonly string[]): ClockStatusMessage {
    const { clock } = this.#deps;
    const reason = clock.holds() ?? "";
    const { wallMs, bootMs } = clock.reading();
    return {
      state: clock.state.kind,
      reason,
      trustedTime: clock.now(),
      wallTime: new Date(wallMs),
      bootMs,
      replaced,
    };
  }
}
