import assert from "node:assert/strict";
import { type Attack, endsConnection } from "./attack.ts";
import { newWorkload } from "./control-call.ts";
import {
  continuation,
  data,
  flag,
  flood,
  frameType,
  headers,
  preface,
  settings,
  streamIdAt,
} from "./frames.ts";
import { framed } from "./grpc-call.ts";
import { callBlock, type Header, indexed, remembered, tableSize } from "./hpack.ts";
import { RawConnection, type Target } from "./raw-connection.ts";

/** What a server takes in one frame unless it says otherwise. */
const frameSize = 16_384;
/** Place of the header that was remembered last (RFC 7541, section 2.3.3). */
const newest = 62;
const large: Header = ["x-large", "x".repeat(4_000)];
/** Ends the one stream, or everything. */
const isRefused = /^(GOAWAY|RST_STREAM) (ENHANCE_YOUR_CALM|COMPRESSION_ERROR)$|^closed$/;

/** Header lists that are much larger than they look, or are none. */
export const headerBombs: readonly Attack<Target>[] = [
  onOneStream("sends headers of 1 MiB", callBlock(["authorization", "x".repeat(2 ** 20)])),
  onOneStream("sends 20,000 tiny headers", callBlock(...new Array<Header>(20_000).fill(["a", "b"]))),
  onOneStream("refers 16,000 times to a header of 4 KB that it sent once", amplified(16_000)),
  {
    title: "refers 100 times to a large header on each of 100 streams",
    async run(ca) {
      using connection = await RawConnection.greeted(ca);
      const ids = Array.from({ length: 100 }, (_, index) => streamIdAt(index));
      connection.send(...ids.map((id) => headers(id, amplified(100))));
      for (const id of ids) assert.match(await connection.fate(id), isRefused);
    },
  },
  {
    title: "refers to a large header and never acknowledges the limit of headers",
    async run(ca) {
      using connection = await RawConnection.open(ca);
      connection.send(preface, settings(), headers(1, amplified(10_000)));
      assert.match(await connection.fate(1), isRefused);
    },
  },
  endsConnection("sends garbage for headers", /COMPRESSION_ERROR$/, () => [
    headers(1, Buffer.alloc(1_000, 0xff)),
  ]),
  endsConnection("refers to a header that it never sent", /COMPRESSION_ERROR$/, () => [
    headers(1, Buffer.concat([callBlock(), indexed(3_000)])),
  ]),
  endsConnection("asks for a table of 1 GiB", /COMPRESSION_ERROR$/, () => [
    headers(1, Buffer.concat([tableSize(2 ** 30), callBlock()])),
  ]),
  endsConnection("writes an endless number", /COMPRESSION_ERROR$/, () => [
    headers(1, Buffer.concat([callBlock(), Buffer.of(0xff), Buffer.alloc(5_000, 0x80)])),
  ]),
];

/** Headers that must do nothing. */
export const harmlessHeaders: readonly Attack[] = [
  {
    title: "has a header __proto__, and answers it as any other",
    async run(ca) {
      using connection = await RawConnection.greeted(ca);
      const { message, headers: fixed } = await newWorkload(ca);
      const block = callBlock(["__proto__", "polluted"], ["authorization", fixed.authorization]);
      connection.send(headers(1, block), data(1, framed(message), flag.endStream));
      assert.equal(await connection.fate(1), "END_STREAM");
      await connection.heard(frameType.data);
    },
  },
];

/** A header is remembered once and then named in one octet each time, which the server reads as 4 KB. */
function amplified(times: number): Buffer {
  return Buffer.concat([callBlock(), remembered(large), flood(times, () => indexed(newest))]);
}

function onOneStream(title: string, whole: Buffer): Attack<Target> {
  const run = async (ca: Target) => {
    using connection = await RawConnection.greeted(ca);
    connection.send(...fragments(whole));
    assert.match(await connection.fate(1), isRefused);
  };
  return { title, run };
}

function fragments(whole: Buffer): Buffer[] {
  const count = Math.ceil(whole.length / frameSize);
  return Array.from({ length: count }, (_, index) => {
    const part = whole.subarray(index * frameSize, (index + 1) * frameSize);
    const flags = index === count - 1 ? flag.endHeaders : flag.none;
    return index === 0 ? headers(1, part, flags) : continuation(1, part, flags);
  });
}
