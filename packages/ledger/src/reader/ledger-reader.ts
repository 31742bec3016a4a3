import { isNamed, newestDecision, parseCallName } from "../entry/call-name.ts";
import type {
  AuthorityEntry,
  DecisionEntry,
  IssuedEntry,
  LedgerEntry,
  OperatorEntry,
} from "../entry/entry.ts";
import { servingFactsOf } from "../entry/serving-entry.ts";
import { secondOf } from "../index/rows.ts";
import type { CertificateKey, Found, LedgerReader, LedgerTail } from "../ports.ts";
import type { UnauthenticatedLine } from "../unauthenticated/dropped-refusals.ts";
import { findUnauthenticatedRefusal } from "../unauthenticated/find-refusal.ts";
import { RefusalTail } from "../unauthenticated/refusal-tail.ts";
import { proveEntry } from "../verify/prove-entry.ts";
import { mergeByTime } from "./merge.ts";
import type { SlotReader } from "./slot-reader.ts";
import { MergedTail, Tail } from "./tail.ts";

/**
 * Answers queries about the ledgers in one or several state directories, whether their CAs are running or
 * stopped.
 */
export class SegmentLedgerReader implements LedgerReader {
  readonly #slots: readonly SlotReader[];

  constructor(slots: readonly SlotReader[]) {
    this.#slots = slots;
  }

  get unreadable(): number {
    return this.#slots.reduce((sum, { unreadable }) => sum + unreadable, 0);
  }

  async who(spiffeId: string, at: Date | undefined, limit: number): Promise<readonly Found<IssuedEntry>[]> {
    const second = at === undefined ? undefined : secondOf(at.getTime());
    const found = await this.#all((slot) =>
      slot.find((find) =>
        second === undefined
          ? find.issuedTo(spiffeId, "newest", limit)
          : find.heldAt(spiffeId, second, limit),
      ),
    );
    return issuedOf(found, (entry) => entry.spiffeId === spiffeId).slice(0, limit);
  }

  async firstAndLast(
    spiffeId: string,
  ): Promise<{ readonly first: Found<IssuedEntry>; readonly last: Found<IssuedEntry> } | undefined> {
    const end = async (order: "newest" | "oldest") =>
      issuedOf(
        await this.#all((slot) => slot.find((find) => find.issuedTo(spiffeId, order, 1))),
        (entry) => entry.spiffeId === spiffeId,
      );
    const [first, last] = [(await end("oldest")).at(-1), (await end("newest"))[0]];
    return first === undefined || last === undefined ? undefined : { first, last };
  }

  async certificate(key: CertificateKey): Promise<readonly Found<IssuedEntry>[]> {
    const [kind, value] = lookupOf(key);
    const found = await this.#all((slot) => slot.find((find) => find.withKey(kind, value)));
    return issuedOf(found, (entry) => entry[kind] === value);
  }

  async servingCertificate(key: CertificateKey): Promise<readonly Found<OperatorEntry>[]> {
    const [kind, value] = lookupOf(key);
    const found = await this.#all((slot) => slot.find((find) => find.withKey(kind, value)));
    return found
      .filter((one): one is Found<OperatorEntry> => servingFactsOf(one.entry)?.[kind] === value)
      .sort((one, other) => compare(other.entry.time, one.entry.time));
  }

  async reference(text: string): Promise<DecisionEntry | undefined> {
    const name = parseCallName(text);
    const isWanted = (entry: LedgerEntry | undefined) => isNamed(entry, name);
    const recorded: (DecisionEntry | undefined)[] = [];
    for (const slot of this.#slots)
      recorded.push(await slot.first((find) => find.withKey(name.kind, name.value), isWanted));
    const newest = newestDecision(recorded);
    // A reference names one call.
    if (newest !== undefined && name.kind === "reference") return newest;
    const refusals: (DecisionEntry | undefined)[] = [];
    for (const { directory } of this.#slots)
      refusals.push(await findUnauthenticatedRefusal(directory.unauthenticated, name));
    return newestDecision([newest, ...refusals]);
  }

  async identities(now: Date): Promise<readonly Found<IssuedEntry>[]> {
    const found = await this.#all((slot) => slot.find((find) => find.liveAt(secondOf(now.getTime()))));
    const newest = new Map<string, Found<IssuedEntry>>();
    for (const one of issuedOf(found, () => true)) {
      const key = JSON.stringify([one.entry.spiffeId, one.entry.caller.pod?.uid]);
      if (!newest.has(key)) newest.set(key, one);
    }
    return [...newest.values()].sort(
      (one, other) => compare(one.entry.spiffeId, other.entry.spiffeId) || compare(podOf(one), podOf(other)),
    );
  }

  async authorityId(fingerprint: string): Promise<string | undefined> {
    const found = await this.#all((slot) =>
      slot.find((find) => [find.authority(fingerprint)].filter((place) => place !== undefined)),
    );
    const entry = found.find(({ entry: { kind } }) => kind === "authority")?.entry;
    return (entry as AuthorityEntry | undefined)?.authority;
  }

  unauthenticated(): { more(): AsyncGenerator<UnauthenticatedLine, void, undefined> } {
    const tails = this.#slots.map(({ directory }) => new RefusalTail(directory.unauthenticated));
    return {
      async *more() {
        for (const tail of tails) yield* tail.more();
      },
    };
  }

  tail(): LedgerTail {
    return new MergedTail(this.#slots.map(({ slot, directory }) => new Tail(slot, directory)));
  }

  since(since: Date, until?: Date): AsyncGenerator<Found, void, undefined> {
    const end = until?.getTime() ?? Number.MAX_SAFE_INTEGER;
    return mergeByTime(this.#slots.map((slot) => slot.between(since.getTime(), end)));
  }

  async prove(found: Found): Promise<string> {
    const slot = this.#slots.find((one) => one.slot === found.slot);
    if (slot === undefined) throw new RangeError(`no ledger ${found.slot}`);
    return proveEntry(slot.directory, found);
  }

  async close(): Promise<void> {
    for (const slot of this.#slots) await slot.close();
  }

  async #all(ask: (slot: SlotReader) => Promise<readonly Found[]>): Promise<readonly Found[]> {
    const found: Found[] = [];
    // One by one, because spreading them would pass too many arguments to push.
    for (const slot of this.#slots) for (const one of await ask(slot)) found.push(one);
    return found;
  }
}

function lookupOf(key: CertificateKey) {
  return "serial" in key ? (["serial", key.serial] as const) : (["fingerprint", key.fingerprint] as const);
}

/** Sorted, newest first. */
function issuedOf(
  found: readonly Found[],
  isWanted: (entry: IssuedEntry) => boolean,
): readonly Found<IssuedEntry>[] {
  return found
    .filter((one): one is Found<IssuedEntry> => one.entry.kind === "issued" && isWanted(one.entry))
    .sort((one, other) => compare(other.entry.time, one.entry.time));
}

function podOf({ entry }: Found<IssuedEntry>): string {
  return entry.caller.pod?.name ?? "";
}

/** By code units, so the order is the same on every machine. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
