import {
  type EntryLog,
  encodeEntry,
  type LedgerAct,
  ledgerAct,
  peerLostAct,
  peerReplacedAct,
} from "@kasbah/ledger";
import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerHead } from "../../../authorities/rotation/authority-state.ts";
import { isSameReplica, type PeerChange, peerChangeOf, replicaName } from "./change.ts";
import { type EarlierHead, thinHeads } from "./earlier-heads.ts";
import type { PeerLoss, PeerMemory, PeerMemoryFile } from "./memory.ts";

export interface PeerLedgersDeps {
  /** The recorded heads of the other replicas. */
  readonly others: () => readonly LedgerHead[];
  readonly file: Pick<PeerMemoryFile, "read" | "write">;
  /** This replica's ledger. */
  readonly log: Pick<EntryLog, "append">;
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Of replicas whose volumes are deleted with their pods. */
const maxRemembered = 64;

/**
 * Remembers the heads of the other replicas, across restarts. If one of them goes back or becomes another ledger,
 * its volume was rewritten, even with the ledger's key and in the shared state: this replica records and reports
 * it until an operator accepts it.
 */
export class PeerLedgers implements Component {
  readonly name = "peer ledgers";
  readonly #deps: PeerLedgersDeps;
  /** Heads from an older copy of the shared state, by replica. */
  readonly #older = new Map<string, LedgerHead>();
  #memory: PeerMemory = { heads: [], earlier: [], losses: [] };
  #sweeping: { stop(): void } | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(deps: PeerLedgersDeps) {
    this.#deps = deps;
  }

  /** The losses that no operator has accepted yet. */
  get losses(): readonly PeerLoss[] {
    return this.#memory.losses;
  }

  /** The last known heads of the other replicas. */
  get heads(): readonly LedgerHead[] {
    return this.#memory.heads;
  }

  /**
   * Heads that the last ones should extend. The CA cannot tell: it knows no entry of another replica, which may have
   * rewritten old entries and added new ones. `kasbah audit verify` compares them with the ledger there.
   */
  get earlier(): readonly LedgerHead[] {
    return this.#memory.earlier;
  }

  warnings(): readonly string[] {
    return this.losses.map(
      ({ replica, found }) =>
        `LEDGER_LOST: the ledger of the replica ${replica} went back or was replaced: ${found}; run kasbah audit verify there, then kasbah audit accept-loss --reason … here`,
    );
  }

  async start(): Promise<void> {
    this.#memory = await this.#deps.file.read();
    await this.lookNow();
    this.#sweeping = this.#deps.sweep(() => void this.lookNow());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.#looking;
  }

  /** Compares the heads now. A failure is logged, and the next call retries it. */
  lookNow(): Promise<void> {
    return this.#queue(async () => {
      for (const head of this.#deps.others()) await this.#look(head);
    });
  }

  /** Ends the reports. The entry about it must be in the ledger already. */
  accept(): Promise<void> {
    return this.#queue(() => this.#remember({ ...this.#memory, losses: [] }));
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#looking = this.#looking.then(work).catch((error: unknown) => {
      this.#deps.logger.warn("cannot record the heads of other ledgers", { error });
    });
    return this.#looking;
  }

  async #look(head: LedgerHead): Promise<void> {
    const before = this.heads.find((known) => isSameReplica(known, head));
    if (before === undefined) return this.#replace(undefined, head, false);
    const change = this.#changeOf(before, head);
    if (change === "same" || change === "older") return;
    this.#older.delete(replicaName(head));
    if (change === "replaced") await this.#record(peerReplacedAct, before, head);
    if (change === "lost") await this.#report(before, head);
    await this.#replace(before, head, change === "extends");
  }

  /** A replica that goes on from an older head has a clock that was set back as well. */
  #changeOf(before: LedgerHead, head: LedgerHead): PeerChange {
    const change = peerChangeOf(before, head);
    if (change !== "older") return change;
    const older = this.#older.get(replicaName(head));
    if (older === undefined) this.#older.set(replicaName(head), head);
    return older === undefined || peerChangeOf(older, head) === "same" ? "older" : "lost";
  }

  async #report(before: LedgerHead, head: LedgerHead): Promise<void> {
    const { clock, logger } = this.#deps;
    await this.#record(peerLostAct, before, head);
    const [replica, found] = [replicaName(head), describeChange(before, head)];
    const loss = { replica, time: clock.now().toISOString(), found };
    this.#memory = { ...this.#memory, losses: [...this.losses, loss] };
    const fix = "run kasbah audit verify on that replica";
    logger.error("the ledger of a replica went back or was replaced", {
      ...{ code: "LEDGER_LOST", replica, found, fix },
    });
  }

  /** A crash may repeat the entry, but never leaves it out. */
  async #record(act: LedgerAct, before: LedgerHead, head: LedgerHead): Promise<void> {
    const { log, clock } = this.#deps;
    const facts = {
      replica: replicaName(head),
      found: describeChange(before, head),
      lastOrigin: before.origin,
      lastSize: before.size,
      lastRoot: before.root,
      lastTime: before.time,
    };
    await log.append(encodeEntry(ledgerAct(act, facts, clock.now())));
  }

  #replace(before: LedgerHead | undefined, head: LedgerHead, isExtended: boolean): Promise<void> {
    const others = this.heads.filter((known) => known !== before);
    const newest = others.toSorted((one, other) => (one.time < other.time ? 1 : -1));
    const heads = [head, ...newest].slice(0, maxRemembered);
    const earlier = this.#earlierThan(isExtended ? before : undefined).filter(({ origin }) =>
      heads.some((one) => one.origin === origin && (isExtended || one !== head)),
    );
    return this.#remember({ ...this.#memory, heads, earlier });
  }

  /** An open loss is a fact about the last head only. */
  #earlierThan(extended: LedgerHead | undefined): readonly EarlierHead[] {
    const { earlier } = this.#memory;
    if (extended === undefined) return earlier;
    const now = this.#deps.clock.now();
    const { loss: _, ...head } = extended;
    return thinHeads([...earlier, { ...head, seen: now.toISOString() }], now);
  }

  async #remember(memory: PeerMemory): Promise<void> {
    this.#memory = memory;
    await this.#deps.file.write(memory);
  }
}

function describeChange(before: LedgerHead, head: LedgerHead): string {
  return `it had ${before.size} entries of ${before.origin} on ${before.time}, and ${head.size} entries of ${head.origin} on ${head.time}`;
}
