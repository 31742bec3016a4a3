import fc from "fast-check";
import { allJsonNodes, type JsonNode, membersOf, readJsonNode, writeJsonNode } from "./json-tree.ts";

type JsonEdit = (all: readonly JsonNode[]) => void;

const place = fc.nat({ max: 0xffff });

/**
 * Replacements for a value: of another type, out of every range, or with a special meaning for some runtime.
 */
const oddValues = [
  "null",
  "true",
  "false",
  "0",
  "-1",
  "-0",
  "1.5",
  "1e300",
  "1e400",
  "9007199254740993",
  '""',
  '"*"',
  '"\\u0000"',
  '"\\ud800"',
  '"\\u202e"',
  '"__proto__"',
  `"${"x".repeat(300)}"`,
  `"${"a".repeat(64)}.${"b".repeat(200)}"`,
  '"system:serviceaccount:demo:frontend:more"',
  '"system:serviceaccount:../x:frontend"',
  "[]",
  "[null]",
  "{}",
  '{"__proto__":null}',
  '{"toString":null,"valueOf":0}',
  `${"[".repeat(40)}${"]".repeat(40)}`,
  `${'{"a":'.repeat(40)}1${"}".repeat(40)}`,
];
const oddNames = ["__proto__", "constructor", "toString", "hasOwnProperty", "then", "length", "", "\u0000"];

const edits = fc.oneof(
  edit(fc.constantFrom(...oddValues), (node, text) => {
    node.value = text;
  }),
  edit(place, (node, other, all) => {
    node.value = writeJsonNode(nodeAt(all, other));
  }),
  edit(fc.record({ at: place, name: fc.constantFrom(...oddNames) }), (node, { at, name }) => {
    node.value = withMembers(node, at, (member) => [{ ...member, name }]);
  }),
  edit(place, (node, at) => {
    node.value = withMembers(node, at, () => []);
  }),
  edit(fc.record({ at: place, text: fc.constantFrom(...oddValues) }), (node, { at, text }) => {
    node.value = withMembers(node, at, (member) => [member, { ...member, node: { value: text } }]);
  }),
);

/** One to four changes to JSON values; input that is not JSON stays unchanged. */
export const jsonEdits: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc
  .array(edits, { minLength: 1, maxLength: 4 })
  .map((list) => (bytes) => {
    const root = readJsonNode(Buffer.from(bytes).toString("utf8"));
    if (root === undefined) return bytes;
    for (const apply of list) apply(allJsonNodes(root));
    return Buffer.from(writeJsonNode(root));
  });

function edit<T>(
  what: fc.Arbitrary<T>,
  change: (node: JsonNode, what: T, all: readonly JsonNode[]) => void,
): fc.Arbitrary<JsonEdit> {
  return fc.tuple(place, what).map(
    ([at, value]) =>
      (all) =>
        change(nodeAt(all, at), value, all),
  );
}

function nodeAt(all: readonly JsonNode[], at: number): JsonNode {
  return all[at % all.length] ?? { value: "null" };
}

type Members = ReturnType<typeof membersOf>;

/** Replaces a member of the value by other members; a value without members stays unchanged. */
function withMembers(
  node: JsonNode,
  at: number,
  replace: (member: Members[number]) => Members,
): JsonNode["value"] {
  const members = membersOf(node);
  if (members.length === 0) return node.value;
  return members.flatMap((member, index) => (index === at % members.length ? replace(member) : [member]));
}
