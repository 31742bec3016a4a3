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

/** The default maximum frame size of a server. */
const frameSize = 16_384;
/** Index of the most recently stored header (RFC 7541, section 2.3.3). */
const newest = 62;
const large: Header = ["x-large", "x".repeat(4_000)];
/** The server ends the stream or the whole connection. */
const isRefused = /^(GOAWAY|RST_STREAM) (ENHANCE_YOUR_CALM|COMPRESSION_ERROR)$|^closed$/;

/** Header lists that are much larger than their encoding, or malformed. */
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
    title: "refers to a large header and never acknowledges the header limit",
    async run(ca) {
      using connection = await RawConnection.open(ca);
      connection.send(preface, settings(), headers(1, amplified(10_000)));
      assert.match(await connection.fate(1), isRefused);
    },
  },
  endsConnection("sends garbage as headers", /COMPRESSION_ERROR$/, () => [
    headers(1, Buffer.alloc(1_000, 0xff)),
  ]),
  endsConnection("refers to a header that it never sent", /COMPRESSION_ERROR$/, () => [
    headers(1, Buffer.concat([callBlock(), indexed(3_000)])),
  ]),
  endsConnection("requests a header table of 1 GiB", /COMPRESSION_ERROR$/, () => [
    headers(1, Buffer.concat([tableSize(2 ** 30), callBlock()])),
  ]),
  endsConnection("encodes an endless integer", /COMPRESSION_ERROR$/, () => [
    headers(1, Buffer.concat([callBlock(), Buffer.of(0xff), Buffer.alloc(5_000, 0x80)])),
  ]),
];

/** Headers that must have no effect. */
export const harmlessHeaders: readonly Attack[] = [
  {
    title: "sends a header named __proto__, and gets an ordinary reply",
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

/** Stores a header once and then refers to it with one octet each, which the server expands to 4 KB. */
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
