import { crc32 } from "node:zlib";
import type { EntryIndex, IssuedEntry, NewestOfName } from "@kasbah/ledger";
import type { IdentityTotalsMessage, LateIdentityMessage, OverviewRequest } from "@kasbah/protocol";

/** About 15 MB. */
const mostIdentities = 50_000;
/** Agents renew after about half of the lifetime, so at three quarters several attempts have failed. */
const lateShare = 0.25;
const mostListed = 20;
const mostForMerging = 2_000;
const hashBytes = 4;

interface Newest {
  /** The serial, or the index of the entry that has it. */
  serial: string | number;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** The newest certificate of each identity, in bounded memory, so that no question reads the ledger. */
export class LiveIdentities {
  readonly #newest = new Map<string, Newest>();
  readonly #index: Pick<EntryIndex, "serialsAt">;
  readonly #most: number;
  /** Until then an identity may have a certificate for which there was no room. */
  #ignoredUntilMs = Number.NEGATIVE_INFINITY;
  #isSeeded = false;

  constructor(index: Pick<EntryIndex, "serialsAt">, most = mostIdentities) {
    this.#index = index;
    this.#most = most;
  }

  /** A certificate was issued now. */
  issued({ spiffeId, serial, notBefore, notAfter }: IssuedEntry): void {
    const newest = { serial, notBeforeMs: Date.parse(notBefore), notAfterMs: Date.parse(notAfter) };
    this.#set(spiffeId, newest);
  }

  /** Certificates of the ledger, the newest of each name first. */
  found(batch: readonly NewestOfName[]): void {
    for (const { spiffeId, index, notBeforeMs, notAfterMs } of batch)
      if (!this.#newest.has(spiffeId)) this.#set(spiffeId, { serial: index, notBeforeMs, notAfterMs });
  }

  /** All of the ledger was found. */
  seeded(): void {
    this.#isSeeded = true;
  }

  async totals(now: Date, { forMerging }: OverviewRequest): Promise<IdentityTotalsMessage> {
    const nowMs = now.getTime();
    const late: [string, Newest][] = [];
    const fresh: string[] = [];
    for (const [spiffeId, one] of this.#newest) {
      const leftMs = one.notAfterMs - nowMs;
      if (leftMs < 0) this.#newest.delete(spiffeId);
      else if (leftMs < (one.notAfterMs - one.notBeforeMs) * lateShare) late.push([spiffeId, one]);
      else if (forMerging) fresh.push(spiffeId);
    }
    late.sort(([, one], [, other]) => one.notAfterMs - other.notAfterMs);
    return {
      ...{ live: this.#newest.size, late: late.length },
      soonest: await this.#listed(late.slice(0, forMerging ? mostForMerging : mostListed)),
      partial: !this.#isSeeded || this.#ignoredUntilMs >= nowMs,
      ...(forMerging ? { fresh: hashesOf(fresh) } : {}),
    };
  }

  #set(spiffeId: string, newest: Newest): void {
    if (this.#newest.size < this.#most || this.#newest.has(spiffeId)) this.#newest.set(spiffeId, newest);
    else this.#ignoredUntilMs = Math.max(this.#ignoredUntilMs, newest.notAfterMs);
  }

  async #listed(late: readonly [string, Newest][]): Promise<readonly LateIdentityMessage[]> {
    const unread = late.map(([, one]) => one).filter((one) => typeof one.serial === "number");
    const serials = unread.length === 0 ? [] : await this.#index.serialsAt(unread.map(indexOf));
    for (const [at, one] of unread.entries()) one.serial = serials[at] ?? one.serial;
    return late.map(([spiffeId, { serial, notBeforeMs, notAfterMs }]) => ({
      ...{ spiffeId, serial: typeof serial === "string" ? serial : "" },
      ...{ notBefore: new Date(notBeforeMs), notAfter: new Date(notAfterMs) },
    }));
  }
}

function indexOf({ serial }: Newest): number {
  return Number(serial);
}

function hashesOf(names: readonly string[]): string {
  const bytes = Buffer.alloc(names.length * hashBytes);
  for (const [at, name] of names.entries()) bytes.writeUInt32BE(crc32(name), at * hashBytes);
  return bytes.toString("base64");
}
