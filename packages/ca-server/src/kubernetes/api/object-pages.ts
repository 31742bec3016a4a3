import { z } from "zod";
import { readAnswer } from "./api-answer.ts";
import type { KubernetesClient } from "./api-client.ts";

/** The objects of one kind on the API server. */
export interface Collection {
  /** Such as `/api/v1/pods`. */
  readonly path: string;
  /** The kind of its objects, such as `Pod`. */
  readonly kind: string;
  readonly fieldSelector?: string;
}

export interface ObjectPage {
  /** The resourceVersion of the whole list: all pages show the same moment. */
  readonly version: string;
  readonly items: readonly unknown[];
}

/** Enough for a million pods. */
const maxPages = 10_000;

const pageSchema = z.object({
  kind: z.string(),
  metadata: z.object({ resourceVersion: z.string().min(1), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});

/** Lists a collection page by page. @throws ApiAnswerError, HttpsError */
export async function* objectPages(
  client: Pick<KubernetesClient, "get">,
  { path, kind, fieldSelector }: Collection,
  limit: number,
): AsyncGenerator<ObjectPage, void, undefined> {
  let next = "";
  for (let count = 0; count < maxPages; count += 1) {
    const query = new URLSearchParams({ limit: String(limit) });
    if (fieldSelector !== undefined) query.set("fieldSelector", fieldSelector);
    if (next !== "") query.set("continue", next);
    const asked = `a list of ${path}`;
    const page = pageSchema.safeParse(readAnswer(await client.get(`${path}?${query}`), asked));
    if (!page.success || page.data.kind !== `${kind}List`)
      throw new Error(`the response to ${asked} is not such a list`);
    const { metadata, items } = page.data;
    yield { version: metadata.resourceVersion, items: items ?? [] };
    // A token that leads to itself would repeat the same page forever.
    if (metadata.continue === next && next !== "") break;
    next = metadata.continue ?? "";
    if (next === "") return;
  }
  throw new Error(`the list of ${path} never ends`);
}

/**
 * The path of a watch that starts at a version. A watch lasts four to five minutes, depending on `roll`, so
 * that the watches of all replicas do not end together.
 */
export function watchPath({ path, fieldSelector }: Collection, version: string, roll: number): string {
  const query = new URLSearchParams({
    watch: "true",
    resourceVersion: version,
    allowWatchBookmarks: "true",
    timeoutSeconds: String(240 + Math.floor(roll * 60)),
  });
  if (fieldSelector !== undefined) query.set("fieldSelector", fieldSelector);
  return `${path}?${query}`;
}
