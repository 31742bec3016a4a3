import { type FileHandle, mkdir, mkdtemp, open, rename, rm, stat, unlink } from "node:fs/promises";

/** The subset of a file handle that durable writing uses. */
export type DurableHandle = Pick<FileHandle, "writeFile" | "chmod" | "sync" | "close">;

/** The calls of `node:fs/promises` that durable writing uses, so that tests can make each of them fail. */
export interface DurableFs {
  open(path: string, flags: number, mode?: number): Promise<DurableHandle>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string, mode: number): Promise<void>;
  mkdtemp(prefix: string): Promise<string>;
  rm(path: string, options: { recursive: true; force: true }): Promise<void>;
  stat(path: string): Promise<{ readonly mode: number; readonly uid: number; isDirectory(): boolean }>;
}

export const nodeFs: DurableFs = { open, rename, unlink, mkdir, mkdtemp, rm, stat };
