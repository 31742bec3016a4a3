import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { FakeClock, recordingLogger } from "@kasbah/testkit";
import { type Component, runDaemon } from "./lifecycle.ts";
import type { HostEvent } from "./process-host.ts";

class FakeHost {
  readonly argv = ["node", "main"];
  readonly env = {};
  readonly stdout = process.stdout;
  readonly stderr = { write: () => true };
  readonly exits: number[] = [];
  readonly #events = new EventEmitter();

  on(event: HostEvent, listener: (value: unknown) => void): void {
    this.#events.on(event, listener);
  }

  off(event: HostEvent, listener: (value: unknown) => void): void {
    this.#events.off(event, listener);
  }

  exit(code: number): void {
    this.exits.push(code);
  }

  emit(event: HostEvent, value?: unknown): boolean {
    return this.#events.emit(event, value);
  }

  get listening(): number {
    return this.#events.eventNames().length;
  }
}

const never = () => new Promise<void>(() => {});

function setUp(
  parts: Record<string, Partial<Component>>,
  flush?: () => Promise<void>,
  hasTerminal = false,
  onStarted?: () => Promise<void>,
) {
  const host = new FakeHost();
  const clock = new FakeClock();
  const logger = recordingLogger();
  const steps: string[] = [];
  const components = Object.entries(parts).map(
    ([name, part]): Component => ({
      name,
      async start() {
        steps.push(`start ${name}`);
        await part.start?.();
      },
      async stop() {
        steps.push(`stop ${name}`);
        await part.stop?.();
      },
      ...(part.reread === undefined ? {} : { reread: () => part.reread?.() }),
    }),
  );
  const daemon = {
    name: "test",
    logger,
    components,
    clock,
    hasTerminal,
    ...(flush === undefined ? {} : { flush }),
    ...(onStarted === undefined ? {} : { onStarted }),
  };
  const done = runDaemon(daemon, host);
  return { host, clock, logger, steps, done };
}

describe("runDaemon", () => {
  it("logs an uncaught exception, stops and exits 1", async () => {
    const { host, clock, logger, steps, done } = setUp({ a: {} });
    await clock.advance(0);
    const error = new Error("bug");
    host.emit("uncaughtException", error);
    await done;
    assert.deepEqual(host.exits, [1]);
    assert.equal(logger.named("uncaught exception")[0]?.facts["error"], error);
    assert.deepEqual(steps, ["start a", "stop a"]);
  });

  it("exits 1 within five seconds of an unhandled rejection even if no component stops", async () => {
    const { host, clock, done } = setUp({ a: { stop: never } });
    await clock.advance(0);
    host.emit("unhandledRejection", new Error("bug"));
    await clock.advance(5000);
    assert.deepEqual(host.exits, [1]);
    await done;
  });

  it("exits immediately, and only once, if a fault occurs while it stops", async () => {
    const { host, clock, done } = setUp({ a: { stop: never } });
    await clock.advance(0);
    host.emit("SIGTERM");
    host.emit("uncaughtException", new Error("bug"));
    assert.deepEqual(host.exits, [1]);
    await done;
    await clock.advance(60_000);
    assert.deepEqual(host.exits, [1]);
  });

  it("exits 1 after its grace period and logs which component did not stop", async () => {
    const { host, clock, logger, done } = setUp({ first: {}, slow: { stop: never } });
    await clock.advance(0);
    host.emit("SIGTERM");
    await clock.advance(9999);
    assert.deepEqual(host.exits, []);
    await clock.advance(1);
    await done;
    assert.deepEqual(host.exits, [1]);
    const left = logger.named("component did not stop in time").map((each) => each.facts["component"]);
    assert.deepEqual(left, ["first", "slow"]);
  });

  it("stops the other components and exits 1 if one fails to stop", async () => {
    const fail = () => Promise.reject(new Error("stuck"));
    const { host, clock, steps, done } = setUp({ a: {}, b: { stop: fail }, c: {} });
    await clock.advance(0);
    host.emit("SIGTERM");
    await done;
    assert.deepEqual(steps.slice(3), ["stop c", "stop b", "stop a"]);
    assert.deepEqual(host.exits, [1]);
  });

  it("stops the started components and exits 1 if a component fails to start", async () => {
    const { host, logger, steps, done } = setUp({
      a: {},
      b: { start: () => Promise.reject(new Error("port taken")) },
      c: {},
    });
    await done;
    assert.deepEqual(steps, ["start a", "start b", "stop a"]);
    assert.equal(logger.named("start failed")[0]?.facts["component"], "b");
    assert.deepEqual(host.exits, [1]);
  });

  it("stops while a component is still starting, and starts no other", async () => {
    const { host, clock, steps, done } = setUp({ a: { start: never }, b: {} });
    await clock.advance(0);
    host.emit("SIGTERM");
    await done;
    assert.deepEqual(steps, ["start a", "stop a"]);
    assert.deepEqual(host.exits, [0]);
  });

  it("stops on SIGQUIT as on SIGTERM, and logs the signal", async () => {
    const { host, clock, logger, steps, done } = setUp({ a: {} });
    await clock.advance(0);
    host.emit("SIGQUIT");
    await done;
    assert.deepEqual([host.exits, steps], [[0], ["start a", "stop a"]]);
    assert.equal(logger.named("stopping")[0]?.facts["signal"], "SIGQUIT");
  });

  it("lets each started component read its files again on SIGHUP, with one line that names them", async () => {
    const rereads: string[] = [];
    const reader = (name: string): Partial<Component> => ({ reread: () => void rereads.push(name) });
    const { host, clock, logger, done } = setUp({
      ...{ roots: reader("roots"), port: {}, token: reader("token") },
      late: { ...reader("late"), start: never },
    });
    await clock.advance(0);
    host.emit("SIGHUP");
    host.emit("SIGHUP");
    const lines = logger.named("reading files again").map(({ facts }) => facts["of"]);
    const each = ["roots", "token", "late"];
    assert.deepEqual(
      [lines, rereads],
      [
        [each, each],
        [...each, ...each],
      ],
    );
    assert.deepEqual(host.exits, []);
    host.emit("SIGTERM");
    host.emit("SIGHUP");
    assert.equal(logger.named("reading files again").length, 2);
    await done;
  });

  it("stops on SIGHUP if it runs in a terminal, because the terminal was closed", async () => {
    const { host, clock, done } = setUp({ a: { reread: () => assert.fail("must stop") } }, undefined, true);
    await clock.advance(0);
    host.emit("SIGHUP");
    await done;
    assert.deepEqual(host.exits, [0]);
  });

  it("logs a signal without a meaning, and continues", async () => {
    const { host, clock, logger, done } = setUp({ a: {} });
    await clock.advance(0);
    for (const signal of ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU"] as const) host.emit(signal);
    const seen = logger.named("signal ignored").map(({ facts }) => facts["signal"]);
    assert.deepEqual([seen, host.exits], [["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGXCPU"], []]);
    host.emit("SIGTERM");
    await done;
    assert.equal(host.listening, 0);
  });

  it("exits immediately on the second SIGINT", async () => {
    const { host, clock, done } = setUp({ a: { stop: never } });
    await clock.advance(0);
    host.emit("SIGINT");
    host.emit("SIGTERM");
    assert.deepEqual(host.exits, []);
    host.emit("SIGINT");
    await done;
    assert.deepEqual(host.exits, [1]);
  });

  it("starts components in order, stops them in reverse and exits 0 on SIGTERM after flushing its log", async () => {
    let flushed = 0;
    const { host, clock, steps, logger, done } = setUp({ a: {}, b: {} }, async () => {
      flushed += 1;
      assert.deepEqual(host.exits, []);
    });
    await clock.advance(0);
    assert.equal(logger.named("daemon started").length, 1);
    host.emit("SIGTERM");
    host.emit("SIGTERM");
    await done;
    assert.deepEqual(steps, ["start a", "start b", "stop b", "stop a"]);
    assert.deepEqual(host.exits, [0]);
    assert.equal(flushed, 1);
    assert.equal(clock.sleeping, 0);
  });

  it("reports the start after every component has started, and never after a failed one", async () => {
    let reports = 0;
    const report = async () => {
      reports += 1;
    };
    let finishStart = () => {};
    const slow = () => new Promise<void>((resolve) => (finishStart = resolve));
    const good = setUp({ a: {}, b: { start: slow } }, undefined, false, report);
    await good.clock.advance(0);
    assert.equal(reports, 0);
    finishStart();
    await good.clock.advance(0);
    assert.equal(reports, 1);
    good.host.emit("SIGTERM");
    const bad = setUp(
      { a: { start: () => Promise.reject(new Error("port taken")) } },
      undefined,
      false,
      report,
    );
    await Promise.all([good.done, bad.done]);
    assert.equal(reports, 1);
  });

  it("listens for SIGUSR1, on which Node would open its debugger, and removes all listeners when it has ended", async () => {
    const { host, clock, done } = setUp({});
    await clock.advance(0);
    assert.equal(host.emit("SIGUSR1"), true);
    assert.deepEqual(host.exits, []);
    host.emit("SIGINT");
    await done;
    assert.equal(host.listening, 0);
  });
});
