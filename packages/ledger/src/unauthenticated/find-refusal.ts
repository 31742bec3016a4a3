import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { errnoOf } from "@kasbah/runtime";
import { type CallName, isNamed } from "../entry/call-name.ts";
import type { RefusedEntry } from "../entry/entry.ts";
import { entryOf } from "../segments/read-entry.ts";
import { refusalLogFiles } from "./refusal-log.ts";

/**
 * Finds the refusal of an unauthenticated caller by the name of its call, the newest of several in one trace. It reads the whole files, a few
 * megabytes.
 */
export async function findUnauthenticatedRefusal(
  directory: string,
  name: CallName,
): Promise<RefusedEntry | undefined> {
  for (const file of refusalLogFiles) {
    const found = await findIn(join(directory, file), name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The last match: lines are appended. */
async function findIn(path: string, name: CallName): Promise<RefusedEntry | undefined> {
  let found: RefusedEntry | undefined;
  const input = createReadStream(path);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (!line.includes(name.value)) continue;
      const entry = entryOf(Buffer.from(line));
      if (entry?.kind === "refused" && isNamed(entry, name)) found = entry;
    }
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  } finally {
    input.destroy();
  }
  return found;
}
