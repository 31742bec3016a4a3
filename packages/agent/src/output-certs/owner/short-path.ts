import { constants } from "node:fs";
import { access, open } from "node:fs/promises";
import { join } from "node:path";

/** Paths below a directory that are short enough for a socket, until it is closed. */
export interface ShortPath {
  join(name: string): string;
  close(): Promise<void>;
}

/**
 * A socket's path has at most 107 bytes, and a path of the kubelet's volumes is often longer. Through an open
 * descriptor every directory has a short one.
 */
export async function openShortPath(directory: string): Promise<ShortPath> {
  const handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const held = `/proc/self/fd/${handle.fd}`;
  const isUsable = await access(held).then(
    () => true,
    () => false,
  );
  return {
    join: (name) => join(isUsable ? held : directory, name),
    close: () => handle.close(),
  };
}
