import assert from "node:assert/strict";
import { Socket } from "node:net";
import { chooseWorker } from "./choose-worker.ts";
import { HandOvers } from "./hand-overs.ts";

describe("HandOvers", () => {
  let sent: number[];
  let failures: Map<number, () => void>;
  let evicted: number;
  let connections: HandOvers;
  let sockets: Map<number, Socket>;

  beforeEach(() => {
    [sent, evicted, failures, sockets] = [[], 0, new Map(), new Map()];
    connections = new HandOvers({
      maxWaiting: 3,
      send: (connection, _, onFailed) => {
        sent.push(connection);
        failures.set(connection, onFailed);
      },
      onEvicted: () => {
        evicted += 1;
      },
    });
  });

  function add(connection: number, group = "10.0.0.1"): void {
    const socket = new Socket();
    sockets.set(connection, socket);
    connections.add(connection, socket, group);
  }
  const isClosed = (connection: number) => sockets.get(connection)?.destroyed;

  it("sends two connections, and the next one when the worker has confirmed one of them", () => {
    for (const connection of [1, 2, 3]) add(connection);
    assert.deepEqual(sent, [1, 2]);
    connections.confirm(1);
    assert.deepEqual(sent, [1, 2, 3]);
    assert.deepEqual([isClosed(1), isClosed(2)], [true, false], "the worker has its own copy of the first");
    assert.equal(connections.size, 3);
  });

  it("lets addresses take turns while many connections wait", () => {
    for (const connection of [1, 2, 3, 4]) add(connection, "10.0.0.1");
    add(5, "10.0.0.2");
    for (const connection of [1, 2, 3]) connections.confirm(connection);
    assert.deepEqual(sent, [1, 2, 3, 5, 4]);
  });

  it("closes the newest connection of the address with most of them if too many wait", () => {
    for (const connection of [1, 2]) add(connection);
    for (const connection of [3, 4]) add(connection, "10.0.0.1");
    add(5, "10.0.0.2");
    add(6, "10.0.0.2");
    assert.equal(evicted, 1);
    assert.deepEqual([3, 4, 5, 6].map(isClosed), [false, true, false, false]);
    assert.equal(connections.size, 5);
  });

  it("counts the connections of each address until they are closed", () => {
    for (const connection of [1, 2]) add(connection);
    connections.confirm(1);
    connections.remove(1);
    connections.remove(1);
    assert.deepEqual([connections.size, connections.of("10.0.0.1"), connections.of("10.0.0.2")], [1, 1, 0]);
  });

  it("closes a connection that cannot be sent, and sends the next one", () => {
    for (const connection of [1, 2, 3]) add(connection);
    failures.get(1)?.();
    assert.deepEqual([isClosed(1), sent, connections.size], [true, [1, 2, 3], 2]);
  });

  it("closes every connection that a worker has not confirmed when it ends", () => {
    for (const connection of [1, 2, 3, 4]) add(connection);
    connections.confirm(1);
    connections.clear();
    assert.deepEqual([2, 3, 4].map(isClosed), [true, true, true]);
    assert.equal(connections.size, 0);
  });
});

describe("chooseWorker", () => {
  const worker = (size: number, ofGroup: number) => ({ connections: { size, of: () => ofGroup } });

  it("chooses the worker with the fewest connections of the address, then the one with the fewest in all", () => {
    const [busy, idle, other] = [worker(9, 0), worker(2, 1), worker(8, 0)];
    assert.equal(chooseWorker([idle, busy, other], "10.0.0.1"), other);
    assert.equal(chooseWorker([busy, worker(9, 0)], "10.0.0.1"), busy);
    assert.equal(chooseWorker([], "10.0.0.1"), undefined);
  });
});
