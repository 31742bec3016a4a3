import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import type { RunningCa } from "../../harness/ca-process.ts";
import type { Attack } from "./attack.ts";
import { newWorkload } from "./control-call.ts";
import { data, headers, preface, settings } from "./frames.ts";
import { framed } from "./grpc-call.ts";
import { callBlock } from "./hpack.ts";
import { RawConnection } from "./raw-connection.ts";

/**
 * The configured timeout of the CA under attack; its limits for handshakes (5 s) and calls (10 s) are fixed.
 */
export const firstRequestTimeout = "2s";
const endsWithinMs = 60_000;
const octetEveryMs = 1_000;
/** The stream ends with a status or is reset. */
const isOver = /^(END_STREAM|RST_STREAM)/;

/**
 * Clients that hold a connection or a stream as long as they can; a limit of the server ends each of them.
 */
export const dawdlers: readonly Attack[] = [
  {
    title: "connects and never starts a handshake",
    run: async ({ port }) => endsBy(endsWithinMs, await dial(port)),
  },
  {
    title: "stalls in the handshake after its ClientHello",
    run: async ({ port }) => endsBy(endsWithinMs, await stalledHandshake(port)),
  },
  {
    title: "sends nothing after the handshake",
    async run(ca) {
      using connection = await RawConnection.open(ca);
      await connection.closed(endsWithinMs);
    },
  },
  {
    title: "sends its preface and no request",
    async run(ca) {
      using connection = await RawConnection.greeted(ca);
      await connection.closed(endsWithinMs);
    },
  },
  {
    title: "sends its headers at one octet per second",
    async run(ca) {
      using connection = await RawConnection.open(ca);
      connection.send(preface, settings());
      void drip(connection, headers(1, callBlock()));
      await connection.closed(endsWithinMs);
    },
  },
  {
    title: "sends its body at one octet per second",
    async run(ca) {
      using connection = await RawConnection.greeted(ca);
      const { message } = await startCall(ca, connection);
      void drip(connection, data(1, framed(message)));
      assert.match(await connection.fate(1, endsWithinMs), isOver);
    },
  },
  {
    title: "sends headers and no body",
    async run(ca) {
      using connection = await RawConnection.greeted(ca);
      await startCall(ca, connection);
      assert.match(await connection.fate(1, endsWithinMs), isOver);
    },
  },
];

async function startCall(ca: RunningCa, connection: RawConnection) {
  const workload = await newWorkload(ca);
  connection.send(headers(1, callBlock(["authorization", workload.headers.authorization])));
  return workload;
}

async function drip(connection: RawConnection, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !connection.isClosed; at += 1) {
    connection.send(bytes.subarray(at, at + 1));
    await systemClock.sleep(octetEveryMs);
  }
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  socket.resume();
  await once(socket, "connect");
  return socket;
}

/** The server's data is discarded, so that the client's TLS waits for it forever. */
async function stalledHandshake(port: number): Promise<Socket> {
  const socket = await dial(port);
  const toServer = new Duplex({
    read() {},
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
  });
  const tls = connectTls({ socket: toServer, ALPNProtocols: ["h2"] });
  tls.on("error", () => {});
  socket.on("close", () => tls.destroy());
  return socket;
}

async function endsBy(withinMs: number, socket: Socket): Promise<void> {
  try {
    await untilSeen("close by the server", withinMs, () => socket.closed || undefined);
  } finally {
    socket.destroy();
  }
}
