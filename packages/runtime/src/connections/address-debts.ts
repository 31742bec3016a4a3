/** After this time, half of a debt is forgotten. */
const halfLifeMs = 10_000;
/** A debt below this is forgotten. */
const least = 0.5;

/**
 * The number of recent connections of each address whose peers did not authenticate. It decides which address waits
 * longer, so that an address without such connections is served first.
 */
export class AddressDebts {
  readonly #debts = new Map<string, number>();
  readonly #maxAddresses: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(maxAddresses: number) {
    this.#maxAddresses = maxAddresses;
  }

  get isEmpty(): boolean {
    return this.#debts.size === 0;
  }

  of(group: string): number {
    return this.#debts.get(group) ?? 0;
  }

  add(group: string): void {
    const debt = this.of(group) + 1;
    this.#debts.delete(group);
    this.#debts.set(group, debt);
    const [oldest] = this.#debts.size > this.#maxAddresses ? this.#debts.keys() : [];
    if (oldest !== undefined) this.#debts.delete(oldest);
    this.#timer ??= setTimeout(() => this.#halve(), halfLifeMs).unref();
  }

  #halve(): void {
    for (const [group, debt] of this.#debts) {
      if (debt / 2 < least) this.#debts.delete(group);
      else this.#debts.set(group, debt / 2);
    }
    this.#timer = this.#debts.size === 0 ? undefined : setTimeout(() => this.#halve(), halfLifeMs).unref();
  }
}
