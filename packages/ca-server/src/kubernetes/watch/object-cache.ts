import { z } from "zod";

export interface ObjectCacheDeps<T> {
  readonly kind: string;
  /** Keeps only the needed fields of an object, since there may be a hundred thousand of them. */
  readonly schema: z.ZodType<T>;
  /**
   * The object is undefined after a deletion. An object that was deleted and recreated between two reads is
   * reported only as new.
   */
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

/**
 * Objects by `namespace/name`, or by name if they have no namespace. Unreadable objects are skipped and
 * counted.
 */
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

  /** Returns the object's key, if it has one. If the new version is unreadable, the previous one stays. */
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

  /** Removes every object that a complete list did not contain. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of [...this.#objects.keys()]) if (!keys.has(key)) this.#drop(key);
  }

  #drop(key: string): void {
    this.#versions.delete(key);
    if (this.#objects.delete(key)) this.#deps.onChange?.(key, undefined);
  }

  #envelope(object: unknown): { key: string; version: string } | undefined {
    const read = envelopeSchema.safeParse(object);
    // Items of a list do not carry their kind; events of a watch do.
    const isOther = read.data?.kind !== undefined && read.data.kind !== this.#deps.kind;
    if (!read.success || isOther) {
      this.skip();
      return undefined;
    }
    const { name, namespace, resourceVersion } = read.data.metadata;
    return { key: namespace === undefined ? name : `${namespace}/${name}`, version: resourceVersion };
  }
}
