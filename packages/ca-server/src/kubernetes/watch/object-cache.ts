import { z } from "zod";

export interface ObjectCacheDeps<T> {
  readonly kind: string;
  /** Keeps what is needed of an object and nothing else, since there may be a hundred thousand of them. */
  readonly schema: z.ZodType<T>;
  /** Undefined for an object that is gone. One that was deleted and made anew between two looks is only told as new. */
  readonly onChange?: ((key: string, object: T | undefined) => void) | undefined;
}

const envelopeSchema = z.object({
  kind: z.string().optional(),
  metadata: z.object({
    name: z.string().min(1),
    namespace: z.string().min(1).optional(),
    resourceVersion: z.string().default(""),
  }),
});

/** Objects by `namespace/name`, or by name where they have no namespace. What cannot be read is skipped and counted. */
export class ObjectCache<T> {
  readonly #deps: ObjectCacheDeps<T>;
  readonly #objects = new Map<string, T>();
  readonly #versions = new Map<string, string>();
  #skipped = 0;

  constructor(deps: ObjectCacheDeps<T>) {
    this.#deps = deps;
  }

  get current(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  get skipped(): number {
    return this.#skipped;
  }

  skip(): void {
    this.#skipped += 1;
  }

  /** Gives its key where it has one. What was known of an object stays when its new shape cannot be read. */
  put(object: unknown): string | undefined {
    const { key, version } = this.#envelope(object) ?? {};
    if (key === undefined || (version !== "" && this.#versions.get(key) === version)) return key;
    const read = this.#deps.schema.safeParse(object);
    if (!read.success) {
      this.skip();
      return key;
    }
    this.#objects.set(key, read.data);
    this.#versions.set(key, version ?? "");
    this.#deps.onChange?.(key, read.data);
    return key;
  }

  remove(object: unknown): void {
    const key = this.#envelope(object)?.key;
    if (key !== undefined) this.#drop(key);
  }

  /** After a complete list: what was not in it is gone. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of [...this.#objects.keys()]) if (!keys.has(key)) this.#drop(key);
  }

  #drop(key: string): void {
    this.#versions.delete(key);
    if (this.#objects.delete(key)) this.#deps.onChange?.(key, undefined);
  }

  #envelope(object: unknown): { key: string; version: string } | undefined {
    const read = envelopeSchema.safeParse(object);
    // Items of a list do not say their kind, events of a watch do.
    const isOther = read.data?.kind !== undefined && read.data.kind !== this.#deps.kind;
    if (!read.success || isOther) {
      this.skip();
      return undefined;
    }
    const { name, namespace, resourceVersion } = read.data.metadata;
    return { key: namespace === undefined ? name : `${namespace}/${name}`, version: resourceVersion };
  }
}
