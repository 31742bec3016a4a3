/** An object of the API: JSON of any shape except for its metadata. */
export interface FakeObject {
  readonly metadata: FakeMetadata;
  readonly [field: string]: unknown;
}

interface FakeMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly resourceVersion?: string;
  readonly [field: string]: unknown;
}

export interface FakeEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: string;
  readonly version: number;
  readonly object: FakeObject;
}

interface ManagedEntry {
  readonly manager: string;
  readonly operation: "Update";
  readonly time: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: { readonly "f:data": Readonly<Record<string, object>> };
}

const kinds: Readonly<Record<string, string>> = {
  namespaces: "Namespace",
  configmaps: "ConfigMap",
  pods: "Pod",
  clustertrustbundles: "ClusterTrustBundle",
};

export const kindOf = (resource: string) => kinds[resource] ?? "Unknown";

/** The objects of a fake API, with a new version for each change and a log of the changes. */
export class FakeObjects {
  readonly #objects = new Map<string, { readonly resource: string; readonly object: FakeObject }>();
  readonly #onEvent: (event: FakeEvent) => void;
  events: readonly FakeEvent[] = [];
  version = 1_000;

  constructor(onEvent: (event: FakeEvent) => void) {
    this.#onEvent = onEvent;
  }

  get(resource: string, namespace: string | undefined, name: string): FakeObject | undefined {
    return this.#objects.get(keyOf(resource, namespace, name))?.object;
  }

  list(resource: string): readonly FakeObject[] {
    return [...this.#objects.values()]
      .filter((each) => each.resource === resource)
      .map(({ object }) => object);
  }

  /** Creates or replaces the object; `manager` becomes the manager of the changed data. */
  write(resource: string, object: FakeObject, manager = "unknown"): FakeObject {
    const { name, namespace } = object.metadata;
    const before = this.get(resource, namespace, name);
    this.version += 1;
    const metadata = {
      ...object.metadata,
      uid: before?.metadata["uid"] ?? object.metadata["uid"] ?? `uid-${this.version}`,
      resourceVersion: String(this.version),
      managedFields: managedFields(before, object, manager, this.version),
    };
    const written = { ...object, kind: kindOf(resource), metadata };
    this.#objects.set(keyOf(resource, namespace, name), { resource, object: written });
    this.#tell({ type: before === undefined ? "ADDED" : "MODIFIED", resource, object: written });
    return written;
  }

  /** Removes the object; a namespace with all objects in it. */
  remove(resource: string, namespace: string | undefined, name: string): FakeObject | undefined {
    const found = this.get(resource, namespace, name);
    if (found === undefined) return undefined;
    if (resource === "namespaces") this.#empty(name);
    this.version += 1;
    const metadata = { ...found.metadata, resourceVersion: String(this.version) };
    this.#objects.delete(keyOf(resource, namespace, name));
    this.#tell({ type: "DELETED", resource, object: { ...found, metadata } });
    return found;
  }

  #empty(namespace: string): void {
    for (const { resource, object } of [...this.#objects.values()]) {
      if (object.metadata.namespace === namespace) this.remove(resource, namespace, object.metadata.name);
    }
  }

  #tell(change: Omit<FakeEvent, "version">): void {
    const event = { ...change, version: this.version };
    this.events = [...this.events, event];
    this.#onEvent(event);
  }
}

function keyOf(resource: string, namespace: string | undefined, name: string): string {
  return `${resource} ${namespace ?? ""} ${name}`;
}

/** A writer that changes a key of the data becomes its only manager. */
function managedFields(
  before: FakeObject | undefined,
  after: FakeObject,
  manager: string,
  version: number,
): readonly ManagedEntry[] {
  const [old, now] = [dataOf(before), dataOf(after)];
  const changed = Object.keys(now).filter((key) => old[key] !== now[key]);
  const owners = new Map(ownersIn(before));
  const time = new Date(Date.UTC(2030, 0, 1) + version * 1_000).toISOString();
  for (const key of changed) owners.set(`f:${key}`, { manager, time });
  for (const key of owners.keys()) if (!(key.slice(2) in now)) owners.delete(key);
  return [...owners].map(([key, owner]) => ({
    ...owner,
    operation: "Update",
    fieldsType: "FieldsV1",
    fieldsV1: { "f:data": { [key]: {} } },
  }));
}

function ownersIn(object: FakeObject | undefined): [string, Pick<ManagedEntry, "manager" | "time">][] {
  const entries = object?.metadata["managedFields"];
  if (!Array.isArray(entries)) return [];
  return entries.flatMap(({ manager, time, fieldsV1 }: ManagedEntry) =>
    Object.keys(fieldsV1["f:data"]).map((key): [string, { manager: string; time: string }] => [
      key,
      { manager, time },
    ]),
  );
}

function dataOf(object: FakeObject | undefined): Readonly<Record<string, unknown>> {
  const data = object?.["data"];
  return typeof data === "object" && data !== null ? { ...data } : {};
}
