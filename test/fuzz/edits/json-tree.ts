/** A mutable JSON value: a leaf is the text to write, JSON or not. */
export interface JsonNode {
  value: string | readonly JsonNode[] | readonly JsonMember[];
}

/** A member of an object; a name may occur twice, as in JSON text. */
export interface JsonMember {
  readonly name: string;
  readonly node: JsonNode;
}

/** Parses JSON; undefined if the text is not JSON. */
export function readJsonNode(text: string): JsonNode | undefined {
  try {
    return nodeOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Every node of a tree, parents first. */
export function allJsonNodes(node: JsonNode): JsonNode[] {
  return [node, ...childrenOf(node).flatMap(allJsonNodes)];
}

export function writeJsonNode({ value }: JsonNode): string {
  if (typeof value === "string") return value;
  if (value.every(isMember) && value.length > 0) {
    return `{${value.map(({ name, node }) => `${JSON.stringify(name)}:${writeJsonNode(node)}`).join(",")}}`;
  }
  return `[${value.map((each) => (isMember(each) ? "0" : writeJsonNode(each))).join(",")}]`;
}

export function membersOf({ value }: JsonNode): readonly JsonMember[] {
  return typeof value === "string" ? [] : value.filter(isMember);
}

function childrenOf({ value }: JsonNode): readonly JsonNode[] {
  if (typeof value === "string") return [];
  return value.map((each) => (isMember(each) ? each.node : each));
}

function isMember(each: JsonNode | JsonMember): each is JsonMember {
  return "name" in each;
}

function nodeOf(value: unknown): JsonNode {
  if (Array.isArray(value)) return { value: value.map(nodeOf) };
  if (typeof value !== "object" || value === null) return { value: JSON.stringify(value) };
  const members = Object.entries(value).map(([name, member]) => ({ name, node: nodeOf(member) }));
  return { value: members.length === 0 ? "{}" : members };
}
