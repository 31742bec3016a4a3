import { ApiAnswerError, isNamespaceTerminating, readAnswer } from "./api-answer.ts";
import type { KubernetesClient } from "./api-client.ts";
import { ourManager } from "./managed-fields.ts";

/** The location of one object. */
export interface ObjectPlace {
  readonly client: Pick<KubernetesClient, "get" | "post" | "put">;
  /** Such as `/api/v1/namespaces/demo/configmaps`. */
  readonly collection: string;
  readonly name: string;
}

/**
 * Writes the object that `make` returns for the current one; undefined leaves it unchanged.
 * @returns whether the object was written; false if its namespace is terminating
 * @throws ApiAnswerError, with status 409 if another writer changed the object after it was read
 */
export async function writeObject(
  { client, collection, name }: ObjectPlace,
  make: (found: unknown) => object | undefined,
): Promise<boolean> {
  const path = `${collection}/${name}`;
  const reply = await client.get(path);
  const isNew = reply.status === 404;
  const object = make(isNew ? undefined : readAnswer(reply, `a read of ${name}`));
  if (object === undefined) return false;
  const query = `?fieldManager=${ourManager}`;
  const written = isNew
    ? await client.post(`${collection}${query}`, object)
    : await client.put(`${path}${query}`, object);
  if (isNamespaceTerminating(written)) return false;
  if (written.status !== 200 && written.status !== 201)
    throw new ApiAnswerError(written, `a write of ${name}`);
  return true;
}
