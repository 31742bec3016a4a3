import assert from "node:assert/strict";
import { type Attack, endsConnection } from "./attack.ts";
import {
  continuation,
  data,
  flag,
  flood,
  headers,
  ping,
  rstStream,
  settings,
  streamIdAt,
  windowUpdate,
} from "./frames.ts";
import { block, callBlock } from "./hpack.ts";
import { RawConnection, type Target } from "./raw-connection.ts";

const call = callBlock();
const none = Buffer.alloc(0);
/** The connection may close before GOAWAY arrives if the server has not read everything. */
const isOver = /^(GOAWAY|closed)/;

/** Floods of frames that are cheap to send. */
export const floods: readonly Attack<Target>[] = [
  endsConnection("opens 5000 streams and resets each immediately", isOver, () => [
    flood(5_000, (index) => Buffer.concat([headers(streamIdAt(index), call), rstStream(streamIdAt(index))])),
  ]),
  endsConnection("never ends its headers and sends 2000 CONTINUATION frames", isOver, () => [
    headers(1, call, flag.none),
    flood(2_000, () => continuation(1, block([["x-more", "x".repeat(1_000)]]))),
  ]),
  endsConnection("never ends its headers and sends 20,000 empty CONTINUATION frames", isOver, () => [
    headers(1, call, flag.none),
    flood(20_000, () => continuation(1, none)),
  ]),
  endsConnection("sends 20,000 empty DATA frames on one stream", isOver, () => [
    headers(1, call),
    flood(20_000, () => data(1, none)),
  ]),
  endsConnection("sends settings with 2000 entries in one frame", isOver, () => [
    settings(new Array<readonly [number, number]>(2_000).fill([0x99, 1])),
  ]),
  endsConnection("opens the window of its connection beyond 2^31", /FLOW_CONTROL_ERROR$/, () => [
    flood(3, () => windowUpdate(0, 2 ** 31 - 1)),
  ]),
  endsConnection("opens the window of its connection by zero", /PROTOCOL_ERROR$/, () => [windowUpdate(0, 0)]),
  {
    title: "opens the window of a stream beyond 2^31",
    async run(ca) {
      using connection = await RawConnection.greeted(ca);
      connection.send(headers(1, call), windowUpdate(1, 2 ** 31 - 1));
      assert.match(await connection.fate(1), /FLOW_CONTROL_ERROR$/);
    },
  },
  endsConnection("sends 20,000 SETTINGS frames in one write", isOver, () => [
    flood(20_000, () => settings()),
  ]),
  endsConnection("sends 20,000 PING frames in one write", isOver, () => [flood(20_000, ping)]),
  {
    title: "widens its window 20,000 times by one octet, and gets a reply",
    async run(ca) {
      using connection = await RawConnection.greeted(ca);
      const widening = flood(20_000, () => windowUpdate(0, 1));
      connection.send(widening, headers(1, call, flag.endHeaders | flag.endStream));
      assert.equal(await connection.fate(1), "END_STREAM");
    },
  },
  endsConnection("opens 3000 streams where 100 are allowed", isOver, () => [
    flood(3_000, (index) => headers(streamIdAt(index), call)),
  ]),
];
