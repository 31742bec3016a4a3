import assert from "node:assert/strict";
import { array, assert as holds, integer, oneof, property, uint8Array } from "fast-check";
import { ClientOctets } from "./client-octets.ts";
import { HpackDecoder, literalField } from "./hpack.fixture.ts";
import {
  clientPreface,
  continuationFrame,
  dataFrame,
  flags,
  framesIn,
  headersFrame,
  rawFrame,
  settingsFrame,
} from "./raw-frames.fixture.ts";

const authority = "/run/spiffe/workload.sock";
const replaced = "a".repeat(authority.length);
const field = literalField({ form: "indexing", name: 1, value: authority, huffmanValue: true });
const harmlessField = literalField({ form: "indexing", name: 1, value: replaced });
const path = literalField({ form: "without", name: 4, value: "/a.B/C" });
const request = Buffer.concat([path, field]);
const harmlessRequest = Buffer.concat([path, harmlessField]);
const hello = Buffer.from("hello");
const priority = Buffer.from([0x80, 0, 0, 0, 15]);

/** What one client has shown. */
class Observed {
  readonly opened: (readonly [number, boolean])[] = [];
  isHttp2 = true;
  isLeaving = false;

  headers(streamId: number, hasEmptyAuthority: boolean): void {
    this.opened.push([streamId, hasEmptyAuthority]);
  }
  notHttp2(): void {
    this.isHttp2 = false;
  }
  leaving(): void {
    this.isLeaving = true;
  }
}

function filter() {
  const observed = new Observed();
  const octets = new ClientOctets(observed);
  const push = (...chunks: Buffer[]) => Buffer.concat(chunks.flatMap((chunk) => octets.push(chunk)));
  return { observed, push, isOff: () => octets.isOff };
}

/** The frames that nghttp2 gets of frames after the preface. */
function passed(...sent: Buffer[]): Buffer {
  const { push, isOff } = filter();
  const output = push(Buffer.concat([clientPreface, ...sent]));
  assert.equal(isOff(), false);
  assert.deepEqual(output.subarray(0, clientPreface.length), clientPreface);
  return output.subarray(clientPreface.length);
}

const blockIn = (octets: Buffer) =>
  Buffer.concat(framesIn(octets).flatMap(({ type, payload }) => (type === 1 || type === 9 ? [payload] : [])));

describe("ClientOctets", () => {
  it("replaces the authority, corrects the frame's length, and leaves every other octet as it is", () => {
    const others = [settingsFrame(), rawFrame(6, 0, 0, Buffer.alloc(8)), rawFrame(0xab, 0xff, 7, hello)];
    const sent = [...others, headersFrame(1, request), dataFrame(1, hello)];
    assert.deepEqual(
      passed(...sent),
      Buffer.concat([...others, headersFrame(1, harmlessRequest), dataFrame(1, hello)]),
    );
  });

  it("gives the same for a session that is cut anywhere, or comes octet by octet", () => {
    const session = Buffer.concat([
      clientPreface,
      settingsFrame(),
      headersFrame(1, request),
      dataFrame(1, hello, flags.none),
      headersFrame(3, field.subarray(0, 3), flags.none),
      continuationFrame(3, field.subarray(3), flags.endHeaders),
      dataFrame(3, Buffer.alloc(0)),
      headersFrame(5, Buffer.concat([Buffer.of(2), priority, request, Buffer.alloc(2)]), 0x2c),
    ]);
    const whole = filter().push(session);
    assert.notDeepEqual(whole, session);
    for (let cut = 0; cut <= session.length; cut += 1) {
      assert.deepEqual(
        filter().push(session.subarray(0, cut), session.subarray(cut)),
        whole,
        `cut at ${cut}`,
      );
    }
    assert.deepEqual(filter().push(...[...session].map((octet) => Buffer.of(octet))), whole);
  });

  it("joins the frames of a header block, wherever they were cut", () => {
    for (let cut = 0; cut <= request.length; cut += 1) {
      const sent = [
        headersFrame(1, request.subarray(0, cut), flags.endStream),
        continuationFrame(1, Buffer.alloc(0)),
        continuationFrame(1, request.subarray(cut), flags.endHeaders),
      ];
      assert.deepEqual(passed(...sent), headersFrame(1, harmlessRequest, flags.endHeaders | flags.endStream));
    }
  });

  it("leaves the frames of a header block as they are if nothing in it is replaced", () => {
    const sent = [
      headersFrame(1, path.subarray(0, 3), flags.none),
      continuationFrame(1, path.subarray(3), flags.endHeaders),
    ];
    assert.deepEqual(passed(...sent), Buffer.concat(sent));
  });

  it("keeps padding and priority", () => {
    const padding = Buffer.alloc(255);
    for (const [flag, before, after] of [
      [flags.padded, Buffer.of(255), padding],
      [flags.padded, Buffer.of(0), Buffer.alloc(0)],
      [flags.priority, priority, Buffer.alloc(0)],
      [flags.padded | flags.priority, Buffer.concat([Buffer.of(255), priority]), padding],
    ] as const) {
      const of = (block: Buffer) =>
        headersFrame(1, Buffer.concat([before, block, after]), flag | flags.endHeaders);
      assert.deepEqual(passed(of(request)), of(harmlessRequest));
    }
  });

  it("cuts a block that no longer fits into one frame at 16,384 octets", () => {
    const long = "/".repeat(24_000);
    const block = literalField({ form: "without", name: 1, value: long, huffmanValue: true });
    const padding = Buffer.alloc(200);
    const first = Buffer.concat([Buffer.of(200), priority, block.subarray(0, 16_000), padding]);
    const output = passed(
      headersFrame(1, first, flags.padded | flags.priority | flags.endStream),
      continuationFrame(1, block.subarray(16_000), flags.endHeaders),
      dataFrame(1, hello),
    );
    const frames = framesIn(output);
    assert.deepEqual(
      frames.map(({ type, flag, streamId, payload }) => [type, flag, streamId, payload.length]),
      [
        [1, 0x29, 1, 16_384],
        [9, flags.endHeaders, 1, 24_005 - (16_384 - 206)],
        [0, flags.endStream, 1, 5],
      ],
    );
    const fragments = [frames[0]?.payload.subarray(6, -200), frames[1]?.payload].map(
      (part) => part ?? Buffer.alloc(0),
    );
    assert.deepEqual(new HpackDecoder().decode(Buffer.concat(fragments)), [
      [":authority", "a".repeat(24_000)],
    ]);
    assert.deepEqual(frames[0]?.payload.subarray(0, 6), first.subarray(0, 6));
  });

  it("handles trailers and many streams as one session of the dynamic table", () => {
    const second = Buffer.from([0x80 | 62]);
    const output = passed(
      headersFrame(1, request),
      headersFrame(1, path),
      headersFrame(3, second),
      headersFrame(5, second),
    );
    assert.deepEqual(new HpackDecoder().decode(blockIn(output)), [
      [":path", "/a.B/C"],
      [":authority", replaced],
      [":path", "/a.B/C"],
      [":authority", replaced],
      [":authority", replaced],
    ]);
  });

  it("reports the streams whose headers arrive, and empty authorities", () => {
    const { push, observed } = filter();
    const empty = literalField({ form: "indexing", name: 1, value: "" });
    push(clientPreface, headersFrame(1, request), headersFrame(3, empty));
    assert.deepEqual(observed.opened, [
      [1, false],
      [3, true],
    ]);
    assert.equal(observed.isHttp2, true);
  });

  const open = headersFrame(1, request.subarray(0, 5), flags.none);
  const rest = continuationFrame(1, request.subarray(5), flags.endHeaders);
  const oddSessions: readonly [string, Buffer[]][] = [
    ["CONTINUATION without HEADERS", [rest]],
    ["CONTINUATION of another stream", [open, continuationFrame(3, request.subarray(5), flags.endHeaders)]],
    ["HEADERS within a header block", [open, headersFrame(3, request)]],
    ["DATA within a header block", [open, dataFrame(1, hello), rest]],
    ["headers of the connection itself", [headersFrame(0, request)]],
    ["padding that is longer than the frame", [headersFrame(1, Buffer.from([9, 1, 2]), 0xc)]],
    ["padding without a length", [headersFrame(1, Buffer.alloc(0), 0xc)]],
    ["priority in a frame of four octets", [headersFrame(1, Buffer.alloc(4), 0x24)]],
    ["a header block that is not HPACK", [headersFrame(1, Buffer.alloc(100, 0xff))]],
    ["a frame of headers that is too long", [headersFrame(1, Buffer.alloc(16_385, 0x82))]],
    [
      "a frame that is too long within a header block",
      [open, continuationFrame(1, Buffer.alloc(16_385, 0x82))],
    ],
    [
      "nine frames after HEADERS",
      [open, ...Array.from({ length: 9 }, () => continuationFrame(1, Buffer.alloc(0)))],
    ],
    [
      "a header block over 64 KiB",
      [open, ...Array.from({ length: 4 }, () => continuationFrame(1, Buffer.alloc(16_384, 0x82)))],
    ],
  ];
  for (const [title, sent] of oddSessions) {
    it(`passes everything as it is after ${title}`, () => {
      const later = [settingsFrame(), headersFrame(5, request), dataFrame(5, hello)];
      const session = Buffer.concat([clientPreface, ...sent, ...later]);
      const { push, isOff } = filter();
      assert.deepEqual(push(session), session);
      assert.ok(isOff());
      assert.deepEqual(filter().push(...[...session].map((octet) => Buffer.of(octet))), session);
    });
  }

  it("passes everything of a client that does not speak HTTP/2, and reports it", () => {
    for (const text of [
      "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nsm",
      "\u0016\u0003\u0001",
    ]) {
      const { push, observed } = filter();
      const octets = Buffer.from(text, "latin1");
      assert.deepEqual(push(...[...octets].map((octet) => Buffer.of(octet))), octets);
      assert.equal(observed.isHttp2, false);
    }
  });

  it("holds at most 64 KiB and a frame of a header block, and one frame header otherwise", () => {
    const { push } = filter();
    push(clientPreface);
    let held = 0;
    for (const chunk of [
      open,
      ...Array.from({ length: 8 }, () => continuationFrame(1, Buffer.alloc(16_000, 0x82))),
    ]) {
      held += chunk.length - push(chunk).length;
      assert.ok(held <= 64 * 1024 + 16_393, `${held}`);
    }
    assert.equal(held, 0);
    const other = filter();
    other.push(clientPreface);
    const large = rawFrame(0, 0, 1, Buffer.alloc(1_000_000));
    assert.ok(other.push(large.subarray(0, 500_000)).length === 500_000);
  });

  it("gives the same for any octets, however they are cut, and never throws", () => {
    const frames = oneof(
      uint8Array({ maxLength: 30 }).map((payload) => headersFrame(1, payload)),
      uint8Array({ maxLength: 30 }).map((payload) => headersFrame(3, payload, flags.padded)),
      uint8Array({ maxLength: 30 }).map((payload) => continuationFrame(3, payload, flags.endHeaders)),
      uint8Array({ maxLength: 30 }).map((payload) => dataFrame(1, payload)),
      uint8Array({ maxLength: 30 }).map((octets) => Buffer.from(octets)),
      integer({ min: 0, max: request.length }).map((cut) => headersFrame(5, request.subarray(0, cut))),
    );
    holds(
      property(
        array(frames, { maxLength: 6 }),
        array(integer({ min: 1, max: 40 }), { maxLength: 20 }),
        (parts, sizes) => {
          const session = Buffer.concat([clientPreface, ...parts]);
          const whole = filter().push(session);
          const cut = filter();
          const cuts = sizes.map((_, index) => sizes.slice(0, index + 1).reduce((sum, size) => sum + size));
          const chunks = [0, ...cuts].map((from, index) => session.subarray(from, cuts[index]));
          assert.deepEqual(cut.push(...chunks), whole);
        },
      ),
      { numRuns: 500 },
    );
  });
});
