import assert from "node:assert/strict";
import { once } from "node:events";
import { Socket, connect as tcpConnect } from "node:net";
import { manualTimers } from "@kasbah/testkit";
import { dial, get, listen, type Peer, until } from "./guarded-server.fixture.ts";

const isGone = (peer: Peer) => peer.socket.destroyed;

describe("ConnectionGuard and StreamGuard", () => {
  describe("limit in total", () => {
    it("closes the connection that has been idle longest, counted from its last call", async () => {
      await using server = await listen({ maxConnections: 3 });
      const peers = [await dial(server), await dial(server), await dial(server)] as const;
      const [first, second, third] = peers;
      await until(() => server.guard.size === 3);
      for (const peer of [second, third, first]) assert.equal(await get(peer, "/"), 200);
      using fourth = await dial(server);
      assert.equal(await get(fourth, "/"), 200);
      await second.gone;
      assert.deepEqual(peers.map(isGone), [false, true, false]);
      using fifth = await dial(server);
      assert.equal(await get(fifth, "/"), 200);
      await third.gone;
      assert.equal(await get(first, "/"), 200);
      assert.equal(server.guard.size, 3);
    });

    it("closes no connection during a call, and refuses the new one if all have calls", async () => {
      await using server = await listen({ maxConnections: 2 });
      using first = await dial(server);
      using second = await dial(server);
      const answers = [get(first, "/slow"), get(second, "/slow")];
      await until(() => server.waiting.length === 2);
      using late = await dial(server);
      await late.gone;
      for (const answer of server.waiting) answer();
      assert.deepEqual(await Promise.all(answers), [200, 200]);
      assert.equal(server.guard.size, 2);
    });

    it("closes a connection whose only call may last forever, because unauthenticated callers can open such calls", async () => {
      await using server = await listen({ maxConnections: 1 });
      using watcher = await dial(server);
      assert.equal(await get(watcher, "/lasting"), 200);
      using late = await dial(server);
      assert.equal(await get(late, "/"), 200);
      await watcher.gone;
    });

    it("closes a connection whose call exceeds its time limit, even if its client does not read", async () => {
      await using server = await listen({ maxConnections: 1, callTimeoutMs: 50 });
      using stuck = await dial(server);
      const ended = get(stuck, "/slow");
      await until(() => server.waiting.length === 1);
      assert.equal(await ended, undefined);
      using late = await dial(server);
      assert.equal(await get(late, "/"), 200);
    });

    it("counts a connection as busy until the last of its calls has ended", async () => {
      await using server = await listen({ maxConnections: 1 });
      using busy = await dial(server);
      const answers = [get(busy, "/slow"), get(busy, "/slow")];
      await until(() => server.waiting.length === 2);
      server.waiting.shift()?.();
      assert.equal(await answers[0], 200);
      using early = await dial(server);
      await early.gone;
      server.waiting.shift()?.();
      assert.equal(await answers[1], 200);
      using late = await dial(server);
      assert.equal(await get(late, "/"), 200);
      await busy.gone;
    });

    it("admits a burst of new connections without miscounting", async () => {
      await using server = await listen({ maxConnections: 4 });
      const crowd = await Promise.all(Array.from({ length: 40 }, () => dial(server)));
      await until(() => crowd.filter(isGone).length === 36 && server.guard.size === 4);
      const [survivor] = crowd.filter((peer) => !isGone(peer));
      assert.ok(survivor);
      assert.equal(await get(survivor, "/"), 200);
      for (const peer of crowd) peer.session.destroy();
      await until(() => server.guard.size === 0);
    });
  });

  describe("limit per address", () => {
    it("closes the idlest connection of the address at its limit, and none of another address", async () => {
      await using server = await listen({ maxConnectionsPerAddress: 2 });
      using other = await dial(server, { localAddress: "127.0.0.2" });
      using first = await dial(server);
      using second = await dial(server);
      using third = await dial(server);
      await first.gone;
      for (const peer of [other, second, third]) assert.equal(await get(peer, "/"), 200);
    });

    it("does not count connections whose peers have authenticated, because a balancer gives all callers one address", async () => {
      await using server = await listen({ maxConnectionsPerAddress: 1 });
      using first = await dial(server);
      const answers = [get(first, "/slow")];
      await until(() => server.waiting.length === 1);
      using second = await dial(server);
      answers.push(get(second, "/slow"));
      await until(() => server.waiting.length === 2);
      for (const answer of server.waiting) answer();
      assert.deepEqual(await Promise.all(answers), [200, 200]);
      using third = await dial(server);
      for (const peer of [first, second, third]) assert.equal(await get(peer, "/"), 200);
    });

    it("makes an address with more than a quarter of all connections give way to its own new ones", async () => {
      await using server = await listen({ maxConnections: 4 });
      using other = await dial(server, { localAddress: "127.0.0.2" });
      const crowd = [await dial(server), await dial(server), await dial(server)];
      await until(() => server.guard.size === 4);
      for (let count = 0; count < 10; count += 1) crowd.push(await dial(server));
      await until(() => crowd.filter(isGone).length === 10);
      assert.equal(await get(other, "/"), 200);
      using newcomer = await dial(server, { localAddress: "127.0.0.3" });
      assert.deepEqual([await get(newcomer, "/"), await get(other, "/")], [200, 200]);
      for (const peer of crowd) peer.session.destroy();
    });

    it("closes connections of authenticated peers only if they hold most of all connections", async () => {
      await using server = await listen({ maxConnections: 4 });
      const authenticated: Peer[] = [];
      for (let count = 0; count < 4; count += 1) {
        const peer = await dial(server);
        authenticated.push(peer);
        const answer = get(peer, "/slow");
        await until(() => server.waiting.length === 1);
        server.waiting.shift()?.();
        assert.equal(await answer, 200);
      }
      using first = await dial(server);
      await authenticated[0]?.gone;
      assert.equal(await get(first, "/"), 200);
      using second = await dial(server, { localAddress: "127.0.0.2" });
      await first.gone;
      assert.equal(await get(second, "/"), 200);
      assert.equal(authenticated.filter(isGone).length, 1);
      for (const peer of authenticated) peer.session.destroy();
    });

    it("admits any number of connections per address if the limit is 0", async () => {
      await using server = await listen({ maxConnectionsPerAddress: 0 });
      const crowd = await Promise.all(Array.from({ length: 20 }, () => dial(server)));
      await until(() => server.guard.size === 20);
      for (const peer of crowd) peer.session.destroy();
      await until(() => server.guard.size === 0);
    });
  });

  describe("limit of streams", () => {
    it("closes the connection with most streams, and of two with as many the one that has not authenticated", async () => {
      await using server = await listen({ maxOpenStreams: 7 });
      using single = await dial(server);
      using trusted = await dial(server);
      using crowd = await dial(server);
      const answers = [
        get(single, "/slow"),
        get(trusted, "/slow"),
        get(trusted, "/slow"),
        get(trusted, "/slow"),
      ];
      await until(() => server.waiting.length === 4);
      const lasting = Array.from({ length: 4 }, () => get(crowd, "/lasting"));
      await crowd.gone;
      await Promise.all(lasting);
      assert.deepEqual([single, trusted].map(isGone), [false, false]);
      for (const answer of server.waiting) answer();
      assert.deepEqual(await Promise.all(answers), [200, 200, 200, 200]);
    });
  });

  describe("first request", () => {
    it("closes a connection that sends nothing, or only its preface, within the time limit", async () => {
      await using server = await listen({ firstRequestTimeoutMs: 100 });
      const silent = tcpConnect({ host: "127.0.0.1", port: server.port }).resume();
      const ended = once(silent, "close");
      using greeted = await dial(server);
      await Promise.all([ended, greeted.gone]);
      await until(() => server.guard.size === 0);
    });

    it("applies no such limit to a connection that has made a call, idle or in progress", async () => {
      await using server = await listen({ firstRequestTimeoutMs: 100 });
      using timers = manualTimers();
      using idle = await dial(server);
      using busy = await dial(server);
      assert.equal(await get(idle, "/"), 200);
      const answer = get(busy, "/slow");
      await until(() => server.waiting.length === 1);
      timers.tick(250);
      for (const finish of server.waiting) finish();
      assert.deepEqual([await answer, await get(idle, "/")], [200, 200]);
    });
  });

  describe("bookkeeping", () => {
    it("stays correct through cancelled calls, reset connections and garbage", async () => {
      await using server = await listen({});
      using calm = await dial(server);
      const cancelling = await dial(server);
      const calls = [get(cancelling, "/slow"), get(cancelling, "/slow")];
      await until(() => server.waiting.length === 2);
      cancelling.session.destroy();
      await Promise.all(calls);
      const reset = await dial(server);
      void get(reset, "/slow");
      await until(() => server.waiting.length === 3);
      reset.socket.resetAndDestroy();
      tcpConnect({ host: "127.0.0.1", port: server.port }).end("GET / HTTP/1.1\r\n\r\n").resume();
      await until(() => server.guard.size === 1);
      assert.equal(await get(calm, "/"), 200);
      calm.session.destroy();
      await until(() => server.guard.size === 0);
    });

    it("stays correct if a peer reconnects from the same port before its disconnect was noticed", async () => {
      await using server = await listen({ firstRequestTimeoutMs: 150 });
      using timers = manualTimers();
      const localAddress = "127.0.0.1";
      const first = await dial(server, { localAddress });
      assert.equal(await get(first, "/"), 200);
      const { localPort } = first.socket;
      first.socket.resetAndDestroy();
      using second = await dial(server, { localAddress, localPort });
      await first.gone;
      assert.equal(await get(second, "/"), 200);
      assert.equal(server.guard.size, 1);
      timers.tick(300);
      assert.equal(await get(second, "/"), 200, "its first call was seen, so that no timer ends it");
      second.session.destroy();
      await until(() => server.guard.size === 0);
    });

    it("counts only its own streams, even if one peer calls two servers from one port", async () => {
      await using server = await listen({ maxConnections: 1 });
      await using other = await listen({});
      const localAddress = "127.0.0.1";
      using idle = await dial(server, { localAddress });
      using busy = await dial(other, { localAddress, localPort: idle.socket.localPort });
      const answer = get(busy, "/slow");
      await until(() => other.waiting.length === 1);
      using next = await dial(server);
      await idle.gone;
      assert.equal(await get(next, "/"), 200);
      other.waiting.shift()?.();
      assert.equal(await answer, 200);
    });

    it("ignores a socket that was closed before it was admitted", async () => {
      await using server = await listen({});
      const gone = new Socket();
      server.guard.admit(gone);
      assert.ok(gone.destroyed);
      assert.equal(server.guard.size, 0);
    });
  });
});
