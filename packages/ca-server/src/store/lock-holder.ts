import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { printableText } from "@kasbah/runtime";

/** A file next to the lock that names its last holder. It has no effect on the lock. */
export const holderFile = "lock-holder.json";

export function encodeHolder({
  pid,
  hostname,
  since,
}: {
  pid: number;
  hostname: string;
  since: Date;
}): string {
  return `${JSON.stringify({ pid, hostname, since: since.toISOString() })}\n`;
}

/**
 * Describes the holder of a lock as an insertion that starts with a space; "" if the file is missing or
 * unusable.
 */
export async function describeHolder(directory: string): Promise<string> {
  try {
    const note: unknown = JSON.parse((await readFile(join(directory, holderFile), "utf8")).slice(0, 1000));
    if (typeof note !== "object" || note === null) return "";
    const { pid, hostname, since } = { pid: undefined, hostname: undefined, since: undefined, ...note };
    if (typeof pid !== "number" || typeof hostname !== "string" || typeof since !== "string") return "";
    return printableText(` (pid ${pid} on host ${hostname}, since ${since})`);
  } catch {
    return "";
  }
}
