import type { Clock, Logger } from "@kasbah/runtime";
import type { AuthorityKeeper } from "../keeper.ts";
import type { AuthorityState } from "../rotation/authority-state.ts";
import type { StageGuard } from "../rotation/gates/stage-guard.ts";
import { giveUpKey, keptRetired, keyKeptUntil, outdatedKeys } from "../rotation/retirement.ts";
import type { StoredAuthority } from "../rotation/stored-authority.ts";
import type { AuthorityKeys } from "./authority-keys.ts";

export interface RetiredKeysDeps {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly guard: StageGuard;
  /** How long a retired authority can be recalled. */
  readonly keepMs: number;
  /** Records that a key is about to be destroyed. If it rejects, the key stays until the next look. */
  readonly onDestroy: (authority: StoredAuthority) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps the keys of retired authorities unused for a while, then destroys them. The state gives up a key
 * before the vault loses it, so that a recall on another replica either comes first or is refused. The next
 * look completes what a crash interrupted.
 */
export class RetiredKeys {
  readonly #deps: RetiredKeysDeps;
  /** Retired authorities whose key this process can no longer use. */
  #disabled: ReadonlySet<string> = new Set();
  /** Retired authorities whose key the vault holds. */
  #found: ReadonlySet<string> = new Set();
  /** Authorities whose key the vault no longer holds. */
  readonly #gone = new Set<string>();

  constructor(deps: RetiredKeysDeps) {
    this.#deps = deps;
  }

  keptUntil(authority: StoredAuthority): Date {
    return keyKeptUntil(authority, this.#deps.keepMs);
  }

  /**
   * Makes the keys of authorities that have just retired unusable in this process. Only once for each: another
   * replica may recall one at any time, and its key is loaded before its state takes effect.
   */
  disable(): void {
    const { keeper, keys } = this.#deps;
    const kept = keptRetired(keeper.state).map(({ id }) => id);
    for (const id of kept) if (!this.#disabled.has(id)) keys.unload(id);
    this.#disabled = new Set(kept);
  }

  /** Destroys the keys that nothing keeps any more. Only the leader may call it. */
  async look(): Promise<void> {
    const { keeper } = this.#deps;
    this.disable();
    await this.#findNew(keptRetired(keeper.state));
    const due = this.#due(keeper.state);
    for (const { id } of keptRetired(keeper.state)) {
      if (due.has(id) || !this.#found.has(id)) await keeper.transition((state) => giveUpKey(state, id));
    }
    for (const authority of keeper.state.authorities) {
      if (authority.stage === "retired" && !authority.hasKey) await this.#destroy(authority);
    }
  }

  #due(state: AuthorityState): ReadonlySet<string> {
    const { guard, clock, keepMs } = this.#deps;
    if (state.hold === "all") return new Set();
    const now = clock.now();
    const outdated = outdatedKeys(state, keepMs, now);
    return new Set(outdated.filter(({ id }) => guard.mayHappen(id, now).open).map(({ id }) => id));
  }

  /** A release that kept no keys of retired authorities has not recorded that it destroyed them. */
  async #findNew(kept: readonly StoredAuthority[]): Promise<void> {
    const { keys } = this.#deps;
    const found = new Set<string>();
    for (const { id } of kept) {
      if (this.#found.has(id) || (await keys.exists(id))) found.add(id);
    }
    this.#found = found;
  }

  async #destroy(authority: StoredAuthority): Promise<void> {
    const { id, distrustedAt } = authority;
    if (this.#gone.has(id)) return;
    const { keys, onDestroy, logger } = this.#deps;
    // The operator's act is the record of a distrusted one.
    if (distrustedAt === undefined && (await keys.exists(id))) await onDestroy(authority);
    if (await keys.destroy(id)) logger.info("destroyed the key of a retired authority", { authority: id });
    this.#gone.add(id);
  }
}
