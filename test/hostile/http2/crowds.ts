import assert from "node:assert/strict";
import { untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../../harness/ca-process.ts";
import { flag, headers } from "./frames.ts";
import { callBlock } from "./hpack.ts";
import { RawConnection } from "./raw-connection.ts";
import { servesOthers } from "./withstand.ts";

const newcomerCount = 20;
const evictedWithinMs = 60_000;
/** Control calls take connections too. */
const slack = 5;

/** That many connections, `width` at a time; oldest first when it is one. */
async function crowdOf(count: number, ca: RunningCa, width: number): Promise<RawConnection[]> {
  const crowd: RawConnection[] = [];
  while (crowd.length < count) {
    crowd.push(...(await Promise.all(Array.from({ length: width }, () => idleConnection(ca)))));
  }
  return crowd;
}

/** One whose first call is over, so that only the limit of idle connections can end it. */
async function idleConnection(ca: RunningCa): Promise<RawConnection> {
  const connection = await RawConnection.greeted(ca);
  connection.send(headers(1, callBlock(), flag.endHeaders | flag.endStream));
  assert.equal(await connection.fate(1), "END_STREAM");
  return connection;
}

function disperse(crowd: readonly RawConnection[]): void {
  for (const connection of crowd) connection[Symbol.dispose]();
}

/** A thousand connections that ask for nothing cost nobody an answer, and none of them is cut. */
export async function standsAThousandIdle(ca: RunningCa): Promise<void> {
  const crowd = await crowdOf(1_000, ca, 50);
  try {
    await servesOthers(ca, "beside a thousand idle connections");
    assert.ok(crowd.every(({ isClosed }) => !isClosed));
  } finally {
    disperse(crowd);
  }
}

/** `limit` connections stand, the oldest of them in the middle of a call; then a few more come. */
export async function evictsTheOldestIdle(ca: RunningCa, limit: number): Promise<void> {
  const [busy, ...idle] = await crowdOf(limit, ca, 1);
  assert.ok(busy);
  busy.send(headers(3, callBlock()));
  const newcomers = await crowdOf(newcomerCount, ca, 1);
  try {
    const oldest = idle.slice(0, newcomerCount);
    await untilSeen("eviction", evictedWithinMs, () => oldest.every(({ isClosed }) => isClosed) || undefined);
    assert.equal(busy.isClosed, false, "the one in a call stands");
    assert.ok(
      newcomers.every(({ isClosed }) => !isClosed),
      "who came last stands",
    );
    const evicted = idle.filter(({ isClosed }) => isClosed).length;
    assert.ok(evicted <= newcomerCount + slack, `${evicted} were evicted for ${newcomerCount}`);
    await servesOthers(ca, "when all connections are taken");
  } finally {
    disperse([busy, ...idle, ...newcomers]);
  }
}
