import { type FakeObject, type FakeObjects, kindOf } from "./objects.ts";

/** The target of an API path: a collection in one or all namespaces, or an object. */
export interface FakeAddress {
  readonly resource: string;
  readonly namespace: string | undefined;
  /** Set for a single object. */
  readonly name: string | undefined;
  readonly query: URLSearchParams;
}

export type FakeReply = readonly [status: number, body: object];

const addressPattern =
  /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([a-z]+)(?:\/([^/]+))?$/;

export function readFakeAddress({ pathname, searchParams: query }: URL): FakeAddress | undefined {
  const [path, namespace, resource = "", name] = addressPattern.exec(pathname) ?? [];
  return path === undefined ? undefined : { resource, namespace, name, query };
}

/** Whether the object matches the query. */
export function isAskedFor({ metadata }: FakeObject, { namespace, query }: FakeAddress): boolean {
  const selector = query.get("fieldSelector");
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  return selector === null || selector === `metadata.name=${metadata.name}`;
}

export const fakeStatus = (code: number, details?: object): FakeReply => [
  code,
  { kind: "Status", code, details },
];

/** Applies a call to the objects as the API server would. */
export function answerFakeCall(
  objects: FakeObjects,
  method: string,
  address: FakeAddress,
  body: string,
): FakeReply {
  const { resource, namespace, name = "" } = address;
  const found = objects.get(resource, namespace, name);
  if (method === "POST") return create(objects, address, JSON.parse(body));
  if (name === "") return list(objects, address);
  if (found === undefined) return fakeStatus(404);
  if (method === "GET") return [200, found];
  if (method === "PUT") return replace(objects, address, found, JSON.parse(body));
  if (method !== "DELETE") return fakeStatus(405);
  objects.remove(resource, namespace, name);
  return [200, found];
}

function create(objects: FakeObjects, address: FakeAddress, object: FakeObject): FakeReply {
  const { resource, namespace, query } = address;
  const home = namespace === undefined ? undefined : objects.get("namespaces", undefined, namespace);
  if (namespace !== undefined && home === undefined) return fakeStatus(404);
  if (home?.metadata["deletionTimestamp"] !== undefined)
    return fakeStatus(403, { causes: [{ reason: "NamespaceTerminating" }] });
  if (objects.get(resource, namespace, object.metadata.name) !== undefined) return fakeStatus(409);
  const metadata = namespace === undefined ? object.metadata : { ...object.metadata, namespace };
  return [201, objects.write(resource, { ...object, metadata }, managerIn(query))];
}

function replace(
  objects: FakeObjects,
  address: FakeAddress,
  found: FakeObject,
  object: FakeObject,
): FakeReply {
  const { resourceVersion } = object.metadata;
  const isStale = resourceVersion !== undefined && resourceVersion !== found.metadata.resourceVersion;
  if (isStale) return fakeStatus(409);
  return [200, objects.write(address.resource, object, managerIn(address.query))];
}

/** Returns pages if the query has a limit. */
function list(objects: FakeObjects, address: FakeAddress): FakeReply {
  const { resource, query } = address;
  const all = objects.list(resource).filter((object) => isAskedFor(object, address));
  const from = Number(query.get("continue") ?? 0);
  const to = from + Number(query.get("limit") ?? all.length);
  const metadata = {
    resourceVersion: String(objects.version),
    ...(to < all.length ? { continue: String(to) } : {}),
  };
  return [200, { kind: `${kindOf(resource)}List`, metadata, items: all.slice(from, to) }];
}

const managerIn = (query: URLSearchParams) => query.get("fieldManager") ?? "node";
