import assert from "node:assert/strict";
import {
  type Arbitrary,
  array,
  boolean,
  constantFrom,
  assert as holds,
  integer,
  oneof,
  property,
  record,
  string,
  tuple,
  uint8Array,
} from "fast-check";
import { harmlessBlock } from "./header-block.ts";
import {
  HpackDecoder,
  indexedField,
  type LiteralField,
  literalField,
  staticCount,
  tableSizeUpdate,
} from "./hpack.fixture.ts";

type Pair = readonly [string, string];

const isAuthority = (name: string) => name === ":authority" || name === "host";
const harmless = ([name, value]: Pair): Pair => [name, isAuthority(name) ? "a".repeat(value.length) : value];

/** What nghttp2 would see of one block. */
function seenOf(block: Buffer): Pair[] {
  const result = harmlessBlock(block);
  assert.ok(result !== undefined, "the block is odd");
  return new HpackDecoder().decode(result.octets);
}

const odd = [
  "/run/spiffe/workload.sock",
  "%2Frun%2Fspiffe%2Fworkload.sock",
  "unix:///run/x",
  "outbound|15012||sds.local",
  "sds socket",
  "sds@x",
  '"\\{}#',
  "\u00e9\u00ff\u0001",
  "x".repeat(301),
];

describe("harmlessBlock", () => {
  for (const [title, name] of [
    [":authority by its index", 1],
    [":authority by its name", ":authority"],
    ["host by its index", 38],
    ["host by its name", "host"],
  ] as const) {
    it(`replaces ${title}, in every form of a literal`, () => {
      for (const value of odd)
        for (const form of ["indexing", "without", "never"] as const)
          for (const [huffmanName, huffmanValue] of [
            [false, false],
            [true, false],
            [false, true],
            [true, true],
          ] as const) {
            const block = literalField({ form, name, value, huffmanName, huffmanValue });
            const [seen] = seenOf(block);
            assert.equal(seen?.[1], "a".repeat(value.length));
          }
    });
  }

  it("returns the same octets if there is no authority, or one that an index refers to", () => {
    const block = Buffer.concat([
      indexedField(3),
      literalField({ form: "indexing", name: "x-authority", value: "/run/x" }),
      literalField({ form: "indexing", name: 4, value: "/a.B/C", huffmanValue: true }),
      indexedField(62),
    ]);
    assert.equal(harmlessBlock(block)?.octets, block);
  });

  it("leaves a name in the dynamic table unresolved, and its value as it is", () => {
    const first = literalField({ form: "indexing", name: 1, value: "/run/x" });
    const second = literalField({ form: "without", name: staticCount + 1, value: "/run/y" });
    assert.deepEqual(seenOf(Buffer.concat([first, second])), [
      [":authority", "aaaaaa"],
      [":authority", "/run/y"],
    ]);
  });

  it("keeps and reports an empty authority", () => {
    for (const block of [
      indexedField(1),
      indexedField(38),
      literalField({ form: "indexing", name: 1, value: "" }),
      literalField({ form: "without", name: ":authority", value: "", huffmanName: true, huffmanValue: true }),
    ]) {
      assert.deepEqual(harmlessBlock(block), { octets: block, hasEmptyAuthority: true });
    }
    assert.equal(harmlessBlock(indexedField(2))?.hasEmptyAuthority, false);
  });

  it("refuses blocks that are truncated, have endless integers or invalid Huffman codes in an authority", () => {
    const whole = literalField({ form: "indexing", name: ":authority", value: "/run/x" });
    for (let length = 1; length < whole.length; length += 1) {
      assert.equal(harmlessBlock(whole.subarray(0, length)), undefined, `${length} octets`);
    }
    assert.equal(harmlessBlock(Buffer.concat([Buffer.of(0xff), Buffer.alloc(20, 0x80)])), undefined);
    assert.equal(harmlessBlock(Buffer.from("4184ffffffff", "hex")), undefined);
  });

  it("never throws for any sequence of octets", () => {
    holds(
      property(uint8Array({ maxLength: 200 }), (octets) => {
        harmlessBlock(Buffer.from(octets));
      }),
      { numRuns: 2_000 },
    );
  });

  it("keeps all other fields and the dynamic table of whole sessions", () => {
    holds(property(array(blockOf(), { minLength: 1, maxLength: 20 }), sessionHolds), { numRuns: 300 });
  });
});

/** An index of the dynamic table is counted modulo its size, so that most of them exist. */
type Step =
  | { readonly kind: "literal"; readonly field: LiteralField }
  | { readonly kind: "dynamicName"; readonly field: LiteralField; readonly index: number }
  | { readonly kind: "static"; readonly index: number }
  | { readonly kind: "dynamic"; readonly index: number }
  | { readonly kind: "size"; readonly size: number };

function blockOf(): Arbitrary<Step[]> {
  const value = oneof(
    constantFrom(...odd, ""),
    string({ maxLength: 100 }).map((text) => Buffer.from(text).toString("latin1")),
  );
  const form = constantFrom("indexing" as const, "without" as const, "never" as const);
  const fieldWith = (name: Arbitrary<string | number>) =>
    record({ form, name, value, huffmanName: boolean(), huffmanValue: boolean() });
  const name = oneof(
    constantFrom<string | number>(1, ":authority", 38, "host", "x", "authority", ":path"),
    integer({ min: 1, max: staticCount }),
  );
  const step: Arbitrary<Step> = oneof(
    { weight: 4, arbitrary: fieldWith(name).map((field) => ({ kind: "literal" as const, field })) },
    tuple(fieldWith(constantFrom("")), integer({ min: 0, max: 100 })).map(([field, index]) => ({
      kind: "dynamicName" as const,
      field,
      index,
    })),
    integer({ min: 1, max: staticCount }).map((index) => ({ kind: "static" as const, index })),
    {
      weight: 3,
      arbitrary: integer({ min: 0, max: 100 }).map((index) => ({ kind: "dynamic" as const, index })),
    },
    constantFrom(0, 60, 200, 4_096).map((size) => ({ kind: "size" as const, size })),
  );
  return array(step, { maxLength: 8 });
}

function sessionHolds(blocks: readonly Step[][]): void {
  const expected = new HpackDecoder(harmless);
  const before = new HpackDecoder();
  const after = new HpackDecoder();
  for (const steps of blocks) {
    for (const step of steps) {
      const block = octetsOf(step, before.entries);
      before.decode(block);
      const result = harmlessBlock(block);
      assert.ok(result !== undefined);
      assert.deepEqual(after.decode(result.octets), expected.decode(block));
      assert.equal(after.entries, before.entries);
    }
  }
}

function octetsOf(step: Step, entries: number): Buffer {
  const existing = (index: number) => staticCount + 1 + (index % entries);
  switch (step.kind) {
    case "literal":
      return literalField(step.field);
    case "dynamicName":
      return entries === 0 ? Buffer.alloc(0) : literalField({ ...step.field, name: existing(step.index) });
    case "static":
      return indexedField(step.index);
    case "dynamic":
      return entries === 0 ? Buffer.alloc(0) : indexedField(existing(step.index));
    case "size":
      return tableSizeUpdate(step.size);
  }
}
