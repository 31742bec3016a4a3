import assert from "node:assert/strict";
import { type Attack, endsConnection } from "./attack.ts";
import { data, flag, frame, frameType, headers, ping, rstStream } from "./frames.ts";
import { callBlock } from "./hpack.ts";
import { RawConnection, type Target } from "./raw-connection.ts";

const call = callBlock();
const anything = Buffer.from("anything");
const last = flag.endHeaders | flag.endStream;
const isBroken = /PROTOCOL_ERROR$|STREAM_CLOSED$/;

/** Single frames that are invalid in every state of a connection. */
export const frameFaults: readonly Attack<Target>[] = [
  endsConnection("sends DATA on a stream that it never opened", isBroken, () => [data(1, anything)]),
  endsConnection("sends DATA on the connection itself", isBroken, () => [data(0, anything)]),
  endsConnection("sends HEADERS on the connection itself", isBroken, () => [headers(0, call)]),
  endsConnection("opens a stream with an even number, which only servers may use", isBroken, () => [
    headers(2, call),
  ]),
  endsConnection("resets a stream that it never opened", isBroken, () => [rstStream(7)]),
  endsConnection("interleaves another stream with its unfinished headers", isBroken, () => [
    headers(1, call, flag.none),
    headers(3, call),
  ]),
  endsConnection("sends a CONTINUATION that continues nothing", isBroken, () => [
    frame(frameType.continuation, flag.endHeaders, 1, call),
  ]),
  endsConnection("sends a frame of 16 MiB less one octet", /FRAME_SIZE_ERROR$|^closed$/, () => [
    headers(1, call),
    data(1, Buffer.alloc(2 ** 24 - 1)),
  ]),
  endsConnection("sends a promise that only servers may make", isBroken, () => [
    frame(frameType.pushPromise, flag.endHeaders, 1, Buffer.concat([Buffer.of(0, 0, 0, 2), call])),
  ]),
  {
    title: "opens stream 3 after stream 5, and gets no reply",
    async run(ca) {
      using connection = await RawConnection.greeted(ca);
      connection.send(headers(5, call), headers(3, call, last), data(5, anything, flag.endStream), ping());
      assert.equal(await connection.fate(5), "END_STREAM");
      await connection.heard(frameType.ping);
      assert.ok(connection.frames.every(({ streamId }) => streamId !== 3));
    },
  },
  {
    title: "sends 64 KiB of garbage instead of frames",
    async run(ca) {
      using connection = await RawConnection.open(ca);
      connection.send(Buffer.alloc(65_536, 0xff));
      assert.match(await connection.end(), /^(GOAWAY|closed)/);
    },
  },
];
