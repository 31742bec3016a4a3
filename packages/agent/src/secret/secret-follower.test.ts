import assert from "node:assert/strict";
import { createTestAuthority, eventually, FakeClock, mintSecret } from "@kasbah/testkit";
import { SecretFollower } from "./secret-follower.ts";
import { SecretStore, type WorkloadSecret } from "./secret-store.ts";

const start = new Date("2030-01-01T00:00:00Z");

describe("SecretFollower", () => {
  let clock: FakeClock;
  let store: SecretStore;
  let secrets: readonly WorkloadSecret[];
  let seen: WorkloadSecret[];
  let delays: number[];
  let work: (secret: WorkloadSecret) => Promise<void>;
  let follower: SecretFollower;

  before(async () => {
    const authority = await createTestAuthority();
    secrets = await Promise.all(
      [1, 2, 3, 4].map(() => mintSecret({ authority, receivedAt: start, ttlMs: 3_600_000 })),
    );
  });
  beforeEach(() => {
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    seen = [];
    delays = [];
    work = async () => undefined;
    follower = new SecretFollower({
      name: "test",
      store,
      follow: async (secret) => {
        seen.push(secret);
        await work(secret);
      },
      onFailed: (_error, retryInMs) => delays.push(retryInMs),
      clock,
      roll: () => 0.5,
    });
  });
  afterEach(() => follower.stop());

  const publish = (index: number) => {
    const secret = secrets[index];
    assert.ok(secret);
    store.publish(secret);
  };
  const leaves = () => seen.map(({ leaf }) => secrets.findIndex((secret) => secret.leaf === leaf));

  it("retries a failure, soon at first and then at most every thirty seconds", async () => {
    work = async () => {
      throw new Error("no");
    };
    publish(0);
    await follower.start();
    await clock.runFor(600_000);
    assert.deepEqual(delays.slice(0, 7), [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  it("processes a newer secret immediately, instead of one that waits for a retry", async () => {
    work = async () => {
      throw new Error("no");
    };
    publish(0);
    await follower.start();
    await eventually(() => delays.length === 1);
    work = async () => undefined;
    publish(1);
    await eventually(() => seen.length === 2);
    await clock.runFor(600_000);
    assert.deepEqual(leaves(), [0, 1]);
  });

  it("processes one secret at a time, and only the last of those published meanwhile", async () => {
    const busy = Promise.withResolvers<void>();
    work = () => busy.promise;
    await follower.start();
    publish(0);
    await eventually(() => seen.length === 1);
    for (const index of [1, 2, 3]) publish(index);
    await clock.runFor(1_000);
    assert.deepEqual(leaves(), [0]);
    busy.resolve();
    await eventually(() => seen.length === 2);
    assert.deepEqual(leaves(), [0, 3]);
  });

  it("starts with the current secret", async () => {
    publish(2);
    await follower.start();
    await eventually(() => seen.length === 1);
    assert.deepEqual(leaves(), [2]);
  });

  it("finishes its work on stop, and processes nothing more", async () => {
    const busy = Promise.withResolvers<void>();
    work = () => busy.promise;
    publish(0);
    await follower.start();
    await eventually(() => seen.length === 1);
    let hasStopped = false;
    const stopping = follower.stop().then(() => {
      hasStopped = true;
    });
    publish(1);
    await clock.runFor(1_000);
    assert.equal(hasStopped, false);
    busy.resolve();
    await stopping;
    assert.deepEqual(leaves(), [0]);
  });
});
