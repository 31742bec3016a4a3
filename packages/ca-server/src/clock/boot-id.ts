import { readFile } from "node:fs/promises";

/** Names the current boot of the machine; undefined where the system has no such name. */
export async function readBootId(path = "/proc/sys/kernel/random/boot_id"): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  const id = text.trim();
  return /^[0-9a-f-]{36}$/.test(id) ? id : undefined;
}
