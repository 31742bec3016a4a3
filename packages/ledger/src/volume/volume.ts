import { statfs } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";

/** The bytes of a file system, as its unprivileged users see them. */
export interface VolumeBytes {
  readonly size: number;
  readonly free: number;
}

/** The bytes of the file system that contains a path. */
export async function volumeOf(path: string): Promise<VolumeBytes> {
  const { bsize, blocks, bavail } = await statfs(path);
  return { size: bsize * blocks, free: bsize * bavail };
}

/** Whether a write failed because the volume or a quota is used up. */
export function isDiskFull(error: unknown): boolean {
  const isFull = (one: unknown) => ["ENOSPC", "EDQUOT"].includes(errnoOf(one) ?? "");
  return isFull(error) || (error instanceof Error && isFull(error.cause));
}
