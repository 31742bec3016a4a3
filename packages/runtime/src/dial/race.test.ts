import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import { Race } from "./race.ts";

/** An attempt that a test decides. */
class Try {
  readonly address: string;
  readonly accepted = Promise.withResolvers<void>();
  readonly done = Promise.withResolvers<string>();
  isClosed = false;

  constructor(address: string) {
    this.address = address;
  }

  get connected(): Promise<void> {
    return this.accepted.promise;
  }

  get ready(): Promise<string> {
    return this.done.promise;
  }

  close(): void {
    this.isClosed = true;
  }

  succeed(): void {
    this.accepted.resolve();
    this.done.resolve(this.address);
  }

  fail(reason: string): void {
    this.done.reject(new Error(reason));
  }
}

describe("Race of addresses", () => {
  let clock: FakeClock;
  let tries: Try[];

  function start(addresses: readonly string[], withinMs = 10_000) {
    clock = new FakeClock();
    tries = [];
    const open = (address: string) => {
      const attempt = new Try(address);
      tries.push(attempt);
      return attempt;
    };
    const race = new Race({ addresses, open, withinMs, clock });
    const winner = race.run();
    winner.catch(() => {});
    return { race, winner };
  }

  const latest = (address: string) => {
    const attempt = tries.findLast((one) => one.address === address);
    assert.ok(attempt, `${address} was tried`);
    return attempt;
  };
  const open = () => tries.filter(({ isClosed }) => !isClosed).map(({ address }) => address);

  it("counts an attempt that cannot even be started as failed, and rejects nothing that is not handled", async () => {
    const problem = new RangeError("the key does not match the certificate");
    const open = (address: string) => {
      if (address === "bad") throw problem;
      const attempt = new Try(address);
      tries.push(attempt);
      return attempt;
    };
    for (const addresses of [["bad"], ["bad", "bad"]]) {
      const failed = new Race({ addresses, open, withinMs: 10_000, clock: new FakeClock() }).run();
      await assert.rejects(failed, (error) => error === problem || error instanceof AggregateError);
    }
    tries = [];
    clock = new FakeClock();
    const winner = new Race({ addresses: ["silent", "bad", "good"], open, withinMs: 10_000, clock }).run();
    await clock.advance(250);
    latest("good").succeed();
    assert.equal(await winner, "good");
  });

  it("never aborts an attempt because the next one begins, so a live address may take longer than the delay", async () => {
    const { winner } = start(["live", "dead", "dead too"]);
    await clock.advance(2_000);
    assert.deepEqual(open(), ["live", "dead", "dead too"]);
    latest("live").succeed();
    assert.equal(await winner, "live");
    assert.deepEqual(open(), ["live"]);
    assert.equal(clock.sleeping, 0);
  });

  it("starts an attempt every 250 ms, and the next at once if one fails", async () => {
    start(["a", "b", "c"]);
    await clock.advance(249);
    assert.deepEqual(open(), ["a"]);
    await clock.advance(1);
    assert.deepEqual(open(), ["a", "b"]);
    latest("b").fail("connection refused");
    await clock.advance(0);
    assert.deepEqual(open(), ["a", "c"]);
  });

  it("tries the last address before half of a short deadline is over", async () => {
    start(["a", "b", "c", "d"], 400);
    await clock.advance(200);
    assert.deepEqual(open(), ["a", "b", "c", "d"]);
  });

  it("closes the attempts that were not accepted as soon as one address accepts, and starts no other", async () => {
    const { winner } = start(["slow", "live", "third"]);
    await clock.advance(300);
    latest("live").accepted.resolve();
    await clock.advance(500);
    assert.deepEqual(open(), ["live"]);
    assert.equal(tries.length, 2);
    latest("live").done.resolve("live");
    assert.equal(await winner, "live");
    latest("slow").succeed();
    await clock.advance(60_000);
    assert.deepEqual(open(), ["live"]);
  });

  it("tries the other addresses beside one that accepts and then stays silent, in the same order", async () => {
    const { winner } = start(["silent", "dead", "live"]);
    await clock.advance(100);
    latest("silent").accepted.resolve();
    await clock.advance(999);
    assert.deepEqual(open(), ["silent"]);
    await clock.advance(251);
    assert.deepEqual(open(), ["silent", "dead", "live"]);
    latest("live").succeed();
    assert.equal(await winner, "live");
    assert.deepEqual(open(), ["live"]);
  });

  it("waits longer for TLS on a slow link than on a fast one, but never longer than a quarter of the time", async () => {
    start(["slow", "other"], 16_000);
    await clock.advance(2_000);
    latest("slow").accepted.resolve();
    await clock.advance(2_999);
    assert.deepEqual(open(), ["slow"]);
    await clock.advance(1);
    assert.deepEqual(open(), ["slow", "other"]);
    start(["slow", "other"], 400);
    latest("slow").accepted.resolve();
    await clock.advance(100);
    assert.deepEqual(open(), ["slow", "other"]);
  });

  it("uses the silent address after all if its answer comes first", async () => {
    const { winner } = start(["silent", "dead"]);
    latest("silent").accepted.resolve();
    await clock.advance(5_000);
    latest("silent").done.resolve("silent");
    assert.equal(await winner, "silent");
    assert.deepEqual(open(), ["silent"]);
  });

  it("names every address with its own reason if all fail, and keeps the error of a single one", async () => {
    const { winner } = start(["10.0.0.1", "10.0.0.2"]);
    latest("10.0.0.1").fail("connect ECONNREFUSED 10.0.0.1:1");
    await clock.advance(0);
    latest("10.0.0.2").fail("self-signed certificate");
    await assert.rejects(winner, (error: AggregateError) => {
      assert.deepEqual(
        error.errors.map(({ message }) => message),
        ["connect ECONNREFUSED 10.0.0.1:1", "10.0.0.2: self-signed certificate"],
      );
      return true;
    });
    const single = start(["10.0.0.1"]);
    latest("10.0.0.1").fail("refused");
    await assert.rejects(single.winner, { message: "refused" });
    assert.equal(clock.sleeping, 0);
  });

  it("describes how far each address has come, and closes every connection when it is given up", async () => {
    const { race, winner } = start(["a", "b", "c", "d"]);
    latest("a").fail("refused");
    await clock.advance(250);
    latest("c").accepted.resolve();
    await clock.advance(0);
    assert.equal(
      race.describe(),
      "a: refused; b: not tried; c: accepted the connection, but did not complete the TLS handshake; d: not tried",
    );
    race.close(new Error("given up"));
    await assert.rejects(winner, { message: "given up" });
    assert.deepEqual([open(), clock.sleeping], [[], 0]);
  });
});
