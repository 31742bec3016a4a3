import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, writeFileDurably } from "@kasbah/runtime";

/**
 * A name for the state directory that stays with it. Pods of a StatefulSet share their names with their
 * predecessors, but the empty volume of a new pod has a new name, so its empty ledger is not a loss.
 *
 * @param newId returns hexadecimal digits
 */
export async function readVolumeId(control: string, newId: () => string): Promise<string> {
  const path = join(control, "volume-id");
  const found = await readFile(path, "utf8").catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT") throw error;
    return "";
  });
  if (/^[0-9a-f]{12,}\n$/.test(found)) return found.trim();
  const id = newId();
  // On a full disk, the next start tries again.
  await writeFileDurably(path, `${id}\n`, 0o600).catch(() => undefined);
  return id;
}
