import type { Found } from "../ports.ts";

/** Merges several ledgers by time and keeps the order within each. */
export async function* mergeByTime(
  ledgers: readonly AsyncGenerator<Found, void, undefined>[],
): AsyncGenerator<Found, void, undefined> {
  const heads = await Promise.all(ledgers.map(async (ledger) => ({ ledger, head: await next(ledger) })));
  try {
    for (;;) {
      const first = heads
        .filter(({ head }) => head !== undefined)
        .reduce<(typeof heads)[number] | undefined>(
          (one, other) => (one === undefined || timeOf(other.head) < timeOf(one.head) ? other : one),
          undefined,
        );
      if (first?.head === undefined) return;
      yield first.head;
      first.head = await next(first.ledger);
    }
  } finally {
    for (const { ledger } of heads) await ledger.return();
  }
}

async function next(ledger: AsyncGenerator<Found, void, undefined>): Promise<Found | undefined> {
  const { value } = await ledger.next();
  return value ?? undefined;
}

function timeOf(found: Found | undefined): string {
  return found?.entry.time ?? "";
}
