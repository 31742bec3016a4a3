import fc from "fast-check";
import {
  allNodes,
  type DerNode,
  type LengthForm,
  readDerNodes,
  writeDerNode,
  writeDerNodes,
} from "./der-tree.ts";

/** Changes one of the elements; the lengths of the surrounding elements are updated. */
type DerEdit = (all: readonly DerNode[]) => void;

const place = fc.nat({ max: 0xffff });
const usualTags = [1, 2, 3, 4, 5, 6, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x30, 0x31, 0x82, 0x86, 0x87, 0xa0, 0xa3];
const tags = fc.oneof(fc.constantFrom(...usualTags), fc.nat({ max: 0xff }));
const lengths: fc.Arbitrary<LengthForm> = fc.oneof(
  fc.constant("indefinite" as const),
  fc.record({ octets: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ off: fc.constantFrom(-2, -1, 1, 2, 127, 65_536) }),
);

const edits = fc.oneof(
  edit(fc.integer({ min: 2, max: 20 }), (node, times) => {
    node.instead = repeated(writeDerNode(node), times);
  }),
  edit(fc.constant(new Uint8Array()), (node, nothing) => {
    node.instead = nothing;
  }),
  edit(tags, (node, tag) => {
    node.tag = tag;
  }),
  edit(lengths, (node, length) => {
    node.length = length;
  }),
  edit(fc.uint8Array({ maxLength: 40 }), (node, body) => {
    node.body = body;
  }),
  edit(fc.integer({ min: 1, max: 40 }), (node, depth) => {
    node.instead = wrapped(writeDerNode(node), depth);
  }),
  edit(fc.record({ other: place, keeps: fc.boolean() }), (node, { other, keeps }, all) => {
    const copy = writeDerNode(nodeAt(all, other));
    node.instead = keeps ? Buffer.concat([writeDerNode(node), copy]) : copy;
  }),
);

/** One to three changes to DER elements; input that is not DER stays unchanged. */
export const derEdits: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc
  .array(edits, { minLength: 1, maxLength: 3 })
  .map((list) => (bytes) => {
    const nodes = readDerNodes(bytes);
    if (nodes === undefined || nodes.length === 0) return bytes;
    const all = allNodes(nodes);
    for (const apply of list) apply(all);
    return writeDerNodes(nodes);
  });

function edit<T>(
  what: fc.Arbitrary<T>,
  change: (node: DerNode, what: T, all: readonly DerNode[]) => void,
): fc.Arbitrary<DerEdit> {
  return fc.tuple(place, what).map(
    ([at, value]) =>
      (all) =>
        change(nodeAt(all, at), value, all),
  );
}

function nodeAt(all: readonly DerNode[], at: number): DerNode {
  const node = all[at % all.length];
  if (node === undefined) throw new RangeError("no elements to change");
  return node;
}

function repeated(element: Uint8Array, times: number): Uint8Array {
  return Buffer.concat(Array.from({ length: times }, () => element));
}

function wrapped(element: Uint8Array, depth: number): Uint8Array {
  let inner = element;
  for (let level = 0; level < depth; level += 1) {
    inner = writeDerNode({ tag: 0x30, length: "right", lead: new Uint8Array(), body: inner });
  }
  return inner;
}
