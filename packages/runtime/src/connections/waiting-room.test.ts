import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket, connect as tcpConnect } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock, manualTimers } from "@kasbah/testkit";
import type { GuardedConnection } from "./connection.ts";
import { ConnectionGuard, type ConnectionLimits } from "./connection-guard.ts";
import { WaitingRoom, type WaitingRoomOptions } from "./waiting-room.ts";

const limits: ConnectionLimits = {
  maxConnections: 100,
  maxUnauthenticated: 2,
  maxConnectionsPerAddress: 0,
  firstRequestTimeoutMs: 10_000,
  graceMs: 1_000,
};

interface Listening extends AsyncDisposable {
  readonly guard: ConnectionGuard;
  readonly room: WaitingRoom;
  readonly port: number;
  /** The ports of the clients that are served, in this order. */
  readonly served: number[];
}

async function listen(
  partial: Partial<ConnectionLimits> = {},
  max = 100,
  options: Partial<WaitingRoomOptions> = {},
): Promise<Listening> {
  const served: number[] = [];
  const guard = new ConnectionGuard({
    limits: { ...limits, ...partial },
    onUnauthenticated: (group) => room.blame(group),
    onRoom: () => room.admit(),
  });
  const serve = ({ socket }: GuardedConnection) => {
    served.push(socket.remotePort ?? 0);
    // As for TLS, what arrived before is not lost.
    socket.on("data", (data) => socket.write(data));
  };
  const room: WaitingRoom = new WaitingRoom({ guard, max, firstByteTimeoutMs: 5_000, serve, ...options });
  const listener = createServer((socket) => room.enter(socket)).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const dispose = async () => {
    listener.close();
    room.close();
    guard.close();
  };
  return { guard, room, port, served, [Symbol.asyncDispose]: dispose };
}

interface Client extends Disposable {
  readonly socket: Socket;
  readonly port: number;
  readonly gone: Promise<unknown>;
}

async function dial({ port }: Listening, localAddress = "127.0.0.1", hello = "hello"): Promise<Client> {
  const socket = tcpConnect({ host: "127.0.0.1", port, localAddress });
  socket.on("error", () => {});
  await once(socket, "connect");
  // An unread echo would delay the event "close".
  socket.resume();
  if (hello !== "") socket.write(hello);
  const gone = once(socket, "close");
  return { socket, port: socket.localPort ?? 0, gone, [Symbol.dispose]: () => socket.destroy() };
}

async function until(holds: () => boolean): Promise<void> {
  const startedAt = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - startedAt < 60_000, `never held: ${holds}`);
    await nextTurn();
  }
}

describe("WaitingRoom", () => {
  it("serves a connection with the bytes that it sent while it waited", async () => {
    await using server = await listen();
    using client = await dial(server);
    await until(() => client.socket.bytesRead === "hello".length);
    assert.equal(server.room.size, 0);
  });

  it("lets a connection wait while all others have time to authenticate, and serves it once one has", async () => {
    await using server = await listen();
    using first = await dial(server);
    using second = await dial(server);
    await until(() => server.served.length === 2);
    using third = await dial(server);
    await until(() => server.room.size === 1);
    server.guard.find(`127.0.0.1:${first.port}`)?.trust();
    await until(() => server.served.length === 3);
    assert.deepEqual(server.served, [first.port, second.port, third.port]);
    assert.equal(server.guard.size, 3);
  });

  it("replaces a connection whose first call ended without authentication, and none before that", async () => {
    await using server = await listen();
    using first = await dial(server);
    using second = await dial(server);
    await until(() => server.served.length === 2);
    using third = await dial(server);
    await until(() => server.room.size === 1);
    server.guard.find(`127.0.0.1:${second.port}`)?.settled();
    await second.gone;
    assert.deepEqual(server.served, [first.port, second.port, third.port]);
  });

  it("replaces a connection whose peer sends nothing for its time, and none whose bytes have just arrived", async () => {
    await using server = await listen({ maxUnauthenticated: 1 });
    using timers = manualTimers();
    using first = await dial(server);
    await until(() => server.served.length === 1);
    using second = await dial(server);
    await until(() => server.room.size === 1);
    first.socket.write("more");
    await until(() => first.socket.bytesRead === "hellomore".length);
    timers.tick(1_000);
    await nextTurn();
    await nextTurn();
    assert.deepEqual(server.served, [first.port]);
    timers.tick(1_000);
    await first.gone;
    assert.deepEqual(server.served, [first.port, second.port]);
  });

  it("gives no place to a client that sends nothing, and closes it after its time", async () => {
    await using server = await listen({ maxUnauthenticated: 1 });
    using timers = manualTimers();
    using silent = await dial(server, "127.0.0.1", "");
    await until(() => server.room.size === 1);
    using client = await dial(server);
    await until(() => server.served.length === 1);
    assert.deepEqual(server.served, [client.port]);
    timers.tick(5_000);
    await silent.gone;
    assert.equal(server.guard.size, 1);
  });

  it("serves an address first whose earlier connections did not leave without authentication", async () => {
    await using server = await listen({ maxUnauthenticated: 1 });
    using first = await dial(server, "127.0.0.2");
    await until(() => server.served.length === 1);
    using crowd = await dial(server, "127.0.0.2");
    await until(() => server.room.size === 1);
    using other = await dial(server, "127.0.0.3");
    await until(() => server.room.size === 2);
    first.socket.destroy();
    await until(() => server.served.length === 2);
    assert.deepEqual(server.served, [first.port, other.port]);
    other.socket.destroy();
    await until(() => server.served.length === 3);
    assert.equal(server.served[2], crowd.port);
  });

  it("closes a silent connection of the address with most of them when too many wait, and otherwise the newest", async () => {
    await using server = await listen({ maxUnauthenticated: 1 }, 3);
    using first = await dial(server);
    await until(() => server.served.length === 1);
    using other = await dial(server, "127.0.0.3", "");
    using waiting = await dial(server, "127.0.0.2");
    using silent = await dial(server, "127.0.0.2", "");
    await until(() => server.room.size === 3);
    using ready = await dial(server, "127.0.0.2");
    await silent.gone;
    await until(() => server.room.size === 3);
    using late = await dial(server, "127.0.0.2");
    await late.gone;
    assert.deepEqual(
      [first, other, waiting, ready].map(({ socket }) => socket.destroyed),
      [false, false, false, false],
    );
  });

  it("closes a client that sends more than any ClientHello before the server answers", async () => {
    await using server = await listen({ maxUnauthenticated: 1 });
    using first = await dial(server);
    await until(() => server.served.length === 1);
    using flood = await dial(server, "127.0.0.2", "x".repeat(17 * 1024));
    await flood.gone;
    assert.equal(first.socket.destroyed, false);
  });

  it("keeps the place of those that have waited when more addresses connect than can wait", async () => {
    await using server = await listen({ maxUnauthenticated: 1 }, 3);
    using first = await dial(server);
    await until(() => server.served.length === 1);
    const waiting = [];
    for (const host of [2, 3, 4]) waiting.push(await dial(server, `127.0.0.${host}`));
    await until(() => server.room.size === 3);
    // Each of them needs a turn of the loop until its first bytes are read.
    for (let count = 0; count < 5; count += 1) await nextTurn();
    using late = await dial(server, "127.0.0.5");
    await late.gone;
    first.socket.destroy();
    await until(() => server.served.length === 2);
    assert.equal(server.served[1], waiting[0]?.port);
    for (const each of waiting) {
      assert.equal(each.socket.destroyed, false);
      each.socket.destroy();
    }
  });

  it("closes the client that has been silent for longest when more addresses connect than can wait", async () => {
    await using server = await listen({ maxUnauthenticated: 1 }, 2);
    using first = await dial(server);
    await until(() => server.served.length === 1);
    using silent = await dial(server, "127.0.0.2", "");
    using waiting = await dial(server, "127.0.0.3");
    await until(() => server.room.size === 2);
    using late = await dial(server, "127.0.0.4");
    await silent.gone;
    await until(() => server.room.size === 2);
    assert.deepEqual(
      [first, waiting, late].map(({ socket }) => socket.destroyed),
      [false, false, false],
    );
  });

  it("serves no new connection until the server has caught up", async () => {
    let isOpen = false;
    await using server = await listen({}, 100, { isOpen: () => isOpen });
    using waiting = await dial(server);
    await until(() => server.room.size === 1);
    for (let count = 0; count < 5; count += 1) await nextTurn();
    assert.deepEqual(server.served, []);
    isOpen = true;
    server.room.admit();
    assert.deepEqual(server.served, [waiting.port]);
  });

  it("serves a connection that has just come before one that may soon give up, unless its address has used more", async () => {
    const clock = new FakeClock();
    await using server = await listen({ maxUnauthenticated: 1 }, 100, { clock });
    using first = await dial(server);
    await until(() => server.served.length === 1);
    using old = await dial(server, "127.0.0.2");
    await until(() => server.room.size === 1);
    await clock.advance(7_000);
    using fresh = await dial(server, "127.0.0.3");
    server.room.blame("127.0.0.4");
    using blamed = await dial(server, "127.0.0.4");
    await until(() => server.room.size === 3);
    for (let count = 0; count < 5; count += 1) await nextTurn();
    first.socket.destroy();
    await until(() => server.served.length === 2);
    fresh.socket.destroy();
    await until(() => server.served.length === 3);
    old.socket.destroy();
    await until(() => server.served.length === 4);
    assert.deepEqual(
      server.served,
      [first, fresh, old, blamed].map(({ port }) => port),
    );
  });
});
