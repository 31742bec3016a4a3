import assert from "node:assert/strict";
import { untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../../harness/ca-process.ts";
import { newWorkload, type Workload } from "./control-call.ts";
import { flag, headers } from "./frames.ts";
import { callBlock } from "./hpack.ts";
import { RawConnection } from "./raw-connection.ts";
import { servesOthers } from "./withstand.ts";

const newcomerCount = 20;
const evictedWithinMs = 60_000;
/** Control calls use connections, too. */
const slack = 5;

/** Opens `count` connections, `width` at a time; oldest first if `width` is 1. */
async function crowdOf(count: number, ca: RunningCa, width: number): Promise<RawConnection[]> {
  const crowd: RawConnection[] = [];
  const caller = await newWorkload(ca);
  while (crowd.length < count) {
    const next = Array.from({ length: width }, () => idleConnection(ca, caller.headers));
    crowd.push(...(await Promise.all(next)));
  }
  return crowd;
}

/** A connection of an authenticated caller whose first call has finished: only the limit of connections can close it. */
async function idleConnection(ca: RunningCa, { authorization }: Workload["headers"]): Promise<RawConnection> {
  const connection = await RawConnection.greeted(ca);
  const block = callBlock(["authorization", authorization]);
  connection.send(headers(1, block, flag.endHeaders | flag.endStream));
  assert.equal(await connection.fate(1), "END_STREAM");
  return connection;
}

function disperse(crowd: readonly RawConnection[]): void {
  for (const connection of crowd) connection[Symbol.dispose]();
}

/** A thousand idle connections must not delay other callers, and none of them is closed. */
export async function standsAThousandIdle(ca: RunningCa): Promise<void> {
  const crowd = await crowdOf(1_000, ca, 50);
  try {
    await servesOthers(ca, "with a thousand idle connections");
    assert.ok(crowd.every(({ isClosed }) => !isClosed));
  } finally {
    disperse(crowd);
  }
}

/** Opens `limit` connections, the oldest of them with a call of an authenticated caller, and then a few more. */
export async function evictsTheOldestIdle(ca: RunningCa, limit: number): Promise<void> {
  const [busy, ...idle] = await crowdOf(limit, ca, 1);
  assert.ok(busy);
  const { authorization } = (await newWorkload(ca)).headers;
  busy.send(headers(3, callBlock(["authorization", authorization])));
  const newcomers = await crowdOf(newcomerCount, ca, 1);
  try {
    const oldest = idle.slice(0, newcomerCount);
    await untilSeen("eviction", evictedWithinMs, () => oldest.every(({ isClosed }) => isClosed) || undefined);
    assert.equal(busy.isClosed, false, "the connection with a call must stay open");
    assert.ok(
      newcomers.every(({ isClosed }) => !isClosed),
      "the newest connections must stay open",
    );
    const evicted = idle.filter(({ isClosed }) => isClosed).length;
    assert.ok(evicted <= newcomerCount + slack, `${evicted} were evicted for ${newcomerCount}`);
    await servesOthers(ca, "when all connections are in use");
  } finally {
    disperse([busy, ...idle, ...newcomers]);
  }
}
