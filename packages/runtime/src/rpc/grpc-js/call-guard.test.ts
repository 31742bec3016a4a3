import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { setImmediate as nextTurn } from "node:timers/promises";
import { manualTimers } from "@kasbah/testkit";
import { grpcStatus } from "../index.ts";
import { message, open, openWith, serve, statusOf } from "./guarded-calls.fixture.ts";
import { until } from "./guarded-server.fixture.ts";

const { DEADLINE_EXCEEDED, INTERNAL, OK, RESOURCE_EXHAUSTED, UNAUTHENTICATED } = grpcStatus;
const later = { code: RESOURCE_EXHAUSTED, message: "later" };

describe("CallGuard", () => {
  describe("early refusal", () => {
    it("refuses a call on its headers alone before any of its body has arrived, and never calls a handler", async () => {
      await using world = await serve();
      world.refusal = later;
      assert.equal(await statusOf(open(world, "/test/Slow")), RESOURCE_EXHAUSTED);
      const whole = open(world, "/test/Slow");
      whole.end(message);
      assert.equal(await statusOf(whole), RESOURCE_EXHAUSTED);
      assert.deepEqual([world.handled.length, world.server.inFlight], [0, 0]);
    });

    it("refuses a call on its headers alone while its body is still arriving, even if the bytes are malformed", async () => {
      await using world = await serve();
      world.refusal = later;
      const streams = Array.from({ length: 20 }, () => open(world, "/test/Slow"));
      for (const stream of streams) stream.write(Buffer.alloc(64 * 1024, 0xff));
      assert.deepEqual(new Set(await Promise.all(streams.map(statusOf))), new Set([RESOURCE_EXHAUSTED]));
      assert.deepEqual([world.handled.length, world.server.inFlight], [0, 0]);
    });

    it("passes the number of calls in progress to the decision, without refused calls", async () => {
      await using world = await serve();
      const first = open(world, "/test/Slow");
      first.end(message);
      await until(() => world.server.inFlight === 1);
      world.refusal = later;
      for (const path of ["/test/Slow", "/test/Large"]) await statusOf(open(world, path));
      assert.deepEqual(world.asked, [
        ["/test/Slow", 0],
        ["/test/Slow", 0],
        ["/test/Slow", 1],
        ["/test/Large", 1],
      ]);
      first.destroy();
      await until(() => world.server.inFlight === 0);
    });
  });

  describe("calls in progress", () => {
    it("counts a call from the end of its body to its answer, successful or not", async () => {
      await using world = await serve();
      const [good, bad] = [open(world, "/test/Slow"), open(world, "/test/Slow")];
      const statuses = [statusOf(good), statusOf(bad)];
      for (const stream of [good, bad]) stream.write(message);
      await until(() => world.server.waiting.authenticated === 2);
      assert.equal(world.server.inFlight, 0);
      for (const stream of [good, bad]) stream.end();
      await until(() => world.handled.length === 2);
      assert.deepEqual([world.server.inFlight, world.server.waiting.authenticated], [2, 0]);
      world.handled[0]?.resolve(Buffer.of(1));
      assert.equal(await statuses[0], OK);
      assert.equal(world.server.inFlight, 1);
      world.handled[1]?.reject(new Error("broken"));
      assert.equal(await statuses[1], INTERNAL);
      assert.equal(world.server.inFlight, 0);
    });

    it("counts a call once that is cancelled before, during or after its handler", async () => {
      await using world = await serve();
      const [early, late] = [open(world, "/test/Slow"), open(world, "/test/Slow")];
      await until(() => world.server.waiting.authenticated === 2);
      early.close(constants.NGHTTP2_CANCEL);
      await until(() => world.server.waiting.authenticated === 1);
      late.end(message);
      await until(() => world.handled.length === 1);
      late.close(constants.NGHTTP2_CANCEL);
      await until(() => world.server.inFlight === 0);
      world.handled[0]?.resolve(Buffer.of(1));
      const answered = open(world, "/test/Slow");
      answered.once("response", () => answered.close(constants.NGHTTP2_CANCEL));
      answered.end(message);
      await until(() => world.handled.length === 2);
      world.handled[1]?.resolve(Buffer.of(1));
      await once(answered, "close");
      await nextTurn();
      assert.equal(world.server.inFlight, 0);
    });

    it("stops counting a call that ends by a reset, a lost connection or a malformed body", async () => {
      await using world = await serve();
      open(world, "/test/Slow").close(constants.NGHTTP2_PROTOCOL_ERROR);
      const bodies = [Buffer.from([0, 255, 0, 0, 0]), Buffer.concat([message, message]), Buffer.alloc(0)];
      for (const body of bodies) {
        const broken = open(world, "/test/Slow");
        broken.end(body);
        assert.notEqual(await statusOf(broken), OK);
      }
      const isIdle = () => world.server.inFlight === 0 && world.server.waiting.authenticated === 0;
      await until(isIdle);
      for (let count = 0; count < 5; count += 1) open(world, "/test/Slow");
      for (let count = 0; count < 5; count += 1) open(world, "/test/Slow").end(message);
      await until(() => world.server.inFlight === 5 && world.server.waiting.authenticated === 5);
      world.session.destroy();
      await until(isIdle);
    });

    it("stops counting a call after the client's own deadline", async () => {
      await using world = await serve();
      const stream = world.session.request({
        ":method": "POST",
        ":path": "/test/Slow",
        "content-type": "application/grpc",
        te: "trailers",
        token: "valid",
        "grpc-timeout": "50m",
      });
      assert.equal(await statusOf(stream), DEADLINE_EXCEEDED);
      await until(() => world.server.waiting.authenticated === 0);
    });
  });

  describe("call timeout", () => {
    it("ends a call whose body never arrives, or only in part", async () => {
      await using world = await serve(80);
      const [none, part] = [open(world, "/test/Slow"), open(world, "/test/Slow")];
      part.write(message.subarray(0, 3));
      assert.deepEqual(await Promise.all([none, part].map(statusOf)), [DEADLINE_EXCEEDED, DEADLINE_EXCEEDED]);
      assert.deepEqual([world.handled.length, world.server.inFlight], [0, 0]);
    });

    it("ends a call whose handler is slow, and discards the handler's later answer", async () => {
      await using world = await serve(200);
      using timers = manualTimers();
      const stream = open(world, "/test/Slow");
      stream.end(message);
      await until(() => world.handled.length === 1);
      timers.tick(200);
      assert.equal(await statusOf(stream), DEADLINE_EXCEEDED);
      world.handled[0]?.resolve(Buffer.of(1));
      await nextTurn();
      assert.equal(world.server.inFlight, 0);
      const next = open(world, "/test/Slow");
      next.end(message);
      await until(() => world.handled.length === 2);
      world.handled[1]?.resolve(Buffer.of(1));
      assert.equal(await statusOf(next), OK);
    });

    it("ends a call whose client does not read the answer, which holds no slot meanwhile", async () => {
      await using world = await serve(500);
      using timers = manualTimers();
      const stream = open(world, "/test/Large");
      stream.end(message);
      await once(stream, "response");
      assert.equal(world.server.inFlight, 0);
      timers.tick(1_500);
      await once(stream, "close");
    });

    it("does not end a call that was answered in time", async () => {
      await using world = await serve(300);
      using timers = manualTimers();
      const stream = open(world, "/test/Slow");
      stream.end(message);
      await until(() => world.handled.length === 1);
      world.handled[0]?.resolve(Buffer.of(1));
      assert.equal(await statusOf(stream), OK);
      timers.tick(400);
      await nextTurn();
      assert.equal(world.session.destroyed, false);
      assert.equal(world.server.inFlight, 0);
    });
  });

  describe("unauthenticated callers", () => {
    it("are refused on their headers alone, before any of their body has arrived", async () => {
      await using world = await serve();
      const calls = Array.from({ length: 100 }, () => openWith(world, "/test/Slow", {}));
      assert.deepEqual(new Set(await Promise.all(calls.map(statusOf))), new Set([UNAUTHENTICATED]));
      assert.deepEqual([world.handled.length, world.server.inFlight], [0, 0]);
    });

    it("hold no slot while their calls need none, even if the handler is slow", async () => {
      await using world = await serve();
      const stream = openWith(world, "/test/Open", {});
      stream.end(message);
      await until(() => world.handled.length === 1);
      assert.deepEqual([world.server.inFlight, world.server.waiting.unauthenticated], [0, 1]);
      world.handled[0]?.resolve(Buffer.of(1));
      assert.equal(await statusOf(stream), OK);
      assert.equal(world.server.waiting.unauthenticated, 0);
    });

    it("must send the body of a call before the deadline for bodies", async () => {
      await using world = await serve(10_000, { bodyTimeoutMs: 50 });
      assert.equal(await statusOf(openWith(world, "/test/Open", {})), DEADLINE_EXCEEDED);
      assert.equal(world.server.waiting.unauthenticated, 0);
    });

    it("lose their oldest call if too many wait, while a caller with a token keeps the call that waits", async () => {
      await using world = await serve(undefined, { maxWaiting: 8 });
      const good = open(world, "/test/Slow");
      await until(() => world.server.waiting.authenticated === 1);
      const calls = Array.from({ length: 5 }, () => openWith(world, "/test/Open", {}));
      assert.equal(await statusOf(calls[0] as never), RESOURCE_EXHAUSTED);
      assert.equal(world.server.waiting.unauthenticated, 2, "a quarter for one address");
      good.end(message);
      await until(() => world.handled.length === 1);
      world.handled[0]?.resolve(Buffer.of(1));
      assert.equal(await statusOf(good), OK);
    });
  });

  it("ends no call of callers at one address whose credentials it is still verifying", async () => {
    await using world = await serve(undefined, { maxWaiting: 8 });
    const sessions = Array.from({ length: 8 }, () => world.dial());
    const calls = sessions.map((session) => open({ session }, "/test/Judged"));
    for (const call of calls) call.end(message);
    const statuses = Promise.all(calls.map(statusOf));
    await until(() => world.verdicts.length === 8);
    for (const verdict of world.verdicts) verdict.resolve();
    assert.deepEqual(await statuses, Array(8).fill(OK));
    for (const session of sessions) session.destroy();
  });

  it("makes a caller with many open calls give way to another, though both have a token", async () => {
    await using world = await serve(undefined, { maxWaiting: 4 });
    const session = world.dial();
    const single = open({ session }, "/test/Slow");
    await until(() => world.server.waiting.authenticated === 1);
    const many = Array.from({ length: 6 }, () => open(world, "/test/Slow"));
    assert.deepEqual(await Promise.all(many.slice(0, 3).map(statusOf)), Array(3).fill(RESOURCE_EXHAUSTED));
    assert.equal(world.server.waiting.authenticated, 4);
    single.end(message);
    await until(() => world.handled.length === 1);
    world.handled[0]?.resolve(Buffer.of(1));
    assert.equal(await statusOf(single), OK);
    session.destroy();
  });

  describe("streams", () => {
    it("are refused beyond the limit of their connection", async () => {
      await using world = await serve(undefined, { maxStreamsPerConnection: 2 });
      const streams = [1, 2].map(() => open(world, "/test/Echo"));
      for (const stream of streams) stream.write(message);
      await until(() => world.server.streams === 2);
      assert.equal(await statusOf(open(world, "/test/Echo")), RESOURCE_EXHAUSTED);
      const [first] = streams;
      first?.close(constants.NGHTTP2_CANCEL);
      await until(() => world.server.streams === 1);
      const next = open(world, "/test/Echo");
      next.write(message);
      await once(next, "data");
    });

    it("give way to newer ones of other connections beyond the limit in total, the oldest first", async () => {
      await using world = await serve(undefined, { maxStreams: 2 });
      const sessions = [world.session, world.dial(), world.dial()];
      const streams = sessions.map((session) => open({ session }, "/test/Echo"));
      for (const stream of streams) {
        stream.write(message);
        await once(stream, "data");
      }
      assert.equal(await statusOf(streams[0] as never), RESOURCE_EXHAUSTED);
      assert.equal(world.server.streams, 2);
      for (const session of sessions) session.destroy();
    });

    it("are one for each connection if more than half of all are open, so that one client cannot take them all", async () => {
      await using world = await serve(undefined, { maxStreams: 4 });
      const streams = [1, 2].map(() => open(world, "/test/Echo"));
      for (const stream of streams) stream.write(message);
      await until(() => world.server.streams === 2);
      assert.equal(await statusOf(open(world, "/test/Echo")), RESOURCE_EXHAUSTED);
      const session = world.dial();
      const other = open({ session }, "/test/Echo");
      other.write(message);
      await once(other, "data");
      session.destroy();
    });

    it("end if their first message does not arrive in time, and last if it does", async () => {
      await using world = await serve(undefined, { bodyTimeoutMs: 200 });
      const talking = open(world, "/test/Echo");
      talking.write(message);
      await once(talking, "data");
      assert.equal(await statusOf(open(world, "/test/Echo")), DEADLINE_EXCEEDED);
      assert.equal(world.server.streams, 1);
    });
  });

  it("neither counts, refuses nor ends streams as calls", async () => {
    await using world = await serve(60);
    using timers = manualTimers();
    world.refusal = later;
    const stream = open(world, "/test/Echo");
    for (const _ of [1, 2, 3]) {
      stream.write(message);
      const [echo]: Buffer[] = await once(stream, "data");
      assert.deepEqual(echo, message);
      timers.tick(50);
    }
    assert.deepEqual([world.server.inFlight, world.asked.length], [0, 0]);
    stream.end();
    assert.equal(await statusOf(stream), OK);
  });
});
