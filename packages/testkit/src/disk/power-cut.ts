import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { type DurableFs, type DurableHandle, nodeFs } from "@kasbah/runtime";

/** One call that changed the disk or made a change durable. Paths are relative to the root. */
type Operation =
  | { readonly kind: "create"; readonly path: string; readonly file: number }
  | { readonly kind: "write"; readonly file: number; readonly bytes: Buffer }
  | { readonly kind: "sync-file"; readonly file: number }
  | { readonly kind: "make-directory"; readonly path: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "sync-directory"; readonly path: string };

/** The files that a power cut may leave, by path. A directory without files leaves no trace. */
export type CrashState = ReadonlyMap<string, Buffer>;

/** A file system on a real directory that remembers its operations. */
export interface RecordingFs extends DurableFs {
  readonly operations: readonly Operation[];
}

/** Records all durable writing below `root`, which must be empty at the start. */
export function recordingFs(root: string): RecordingFs {
  const operations: Operation[] = [];
  const inside = (path: string) => relative(root, path);
  let files = 0;
  return {
    ...nodeFs,
    operations,
    async open(path, flags, mode) {
      const handle = await nodeFs.open(path, flags, mode);
      // Durable writing opens files to create them, and directories to sync them.
      if (mode === undefined) return recordedDirectory(handle, inside(path), operations);
      files += 1;
      operations.push({ kind: "create", path: inside(path), file: files });
      return recordedFile(handle, files, operations);
    },
    async rename(from, to) {
      await nodeFs.rename(from, to);
      operations.push({ kind: "rename", from: inside(from), to: inside(to) });
    },
    async unlink(path) {
      await nodeFs.unlink(path);
      operations.push({ kind: "remove", path: inside(path) });
    },
    async mkdtemp(prefix) {
      const path = await nodeFs.mkdtemp(prefix);
      operations.push({ kind: "make-directory", path: inside(path) });
      return path;
    },
    async rm(path, options) {
      await nodeFs.rm(path, options);
      operations.push({ kind: "remove", path: inside(path) });
    },
  };
}

function recordedFile(handle: DurableHandle, file: number, operations: Operation[]): DurableHandle {
  return {
    async writeFile(data) {
      await handle.writeFile(data);
      operations.push({ kind: "write", file, bytes: Buffer.from(String(data)) });
    },
    chmod: (mode) => handle.chmod(mode),
    async sync() {
      await handle.sync();
      operations.push({ kind: "sync-file", file });
    },
    close: () => handle.close(),
  };
}

function recordedDirectory(handle: DurableHandle, path: string, operations: Operation[]): DurableHandle {
  return {
    writeFile: (data) => handle.writeFile(data),
    chmod: (mode) => handle.chmod(mode),
    async sync() {
      await handle.sync();
      operations.push({ kind: "sync-directory", path });
    },
    close: () => handle.close(),
  };
}

/**
 * Every state in which a power cut after the first `count` operations may leave the disk. Any prefix of the
 * unsynced changes to a directory may have happened; unsynced bytes may be missing, truncated or complete.
 */
export function crashStates(operations: readonly Operation[], count = operations.length): CrashState[] {
  const done = operations.slice(0, count);
  const states: CrashState[] = [];
  for (const kept of keptChanges(done)) {
    for (const loss of [0, 0.5, 1]) states.push(replay(done, kept, loss));
  }
  return states;
}

const isChange = ({ kind }: Operation) =>
  kind === "create" || kind === "make-directory" || kind === "rename" || kind === "remove";

/** The directory changes that survive: all synced ones, and each prefix of the others. */
function keptChanges(done: readonly Operation[]): ReadonlySet<Operation>[] {
  const synced = new Set(
    done.filter((operation, at) => isChange(operation) && isSynced(operation, done.slice(at))),
  );
  const open = done.filter((operation) => isChange(operation) && !synced.has(operation));
  return [...Array(open.length + 1).keys()].map((length) => new Set([...synced, ...open.slice(0, length)]));
}

function isSynced(change: Operation, later: readonly Operation[]): boolean {
  const directories = directoriesOf(change);
  return directories.every((directory) =>
    later.some((each) => each.kind === "sync-directory" && each.path === directory),
  );
}

function directoriesOf(change: Operation): string[] {
  const parent = (path: string) => {
    const directory = dirname(path);
    return directory === "." ? "" : directory;
  };
  if (change.kind === "rename") return [...new Set([parent(change.from), parent(change.to)])];
  return "path" in change ? [parent(change.path)] : [];
}

/** @param loss the share of unsynced bytes that are lost */
function replay(done: readonly Operation[], kept: ReadonlySet<Operation>, loss: number): CrashState {
  const names = new Map<string, number>();
  const bytes = new Map<number, Buffer>();
  for (const [at, operation] of done.entries()) {
    if (operation.kind === "write") {
      const { file } = operation;
      const isSafe = done.slice(at).some((each) => each.kind === "sync-file" && each.file === file);
      bytes.set(file, operation.bytes.subarray(0, operation.bytes.length * (isSafe ? 1 : 1 - loss)));
    }
    if (kept.has(operation)) apply(operation, names);
  }
  return new Map([...names].map(([path, file]) => [path, bytes.get(file) ?? Buffer.alloc(0)]));
}

function apply(operation: Operation, names: Map<string, number>): void {
  if (operation.kind === "create") names.set(operation.path, operation.file);
  if (operation.kind === "remove") removeBelow(operation.path, names);
  if (operation.kind === "rename") {
    const moved = [...names].filter(([path]) => isBelow(path, operation.from));
    for (const [path] of moved) names.delete(path);
    removeBelow(operation.to, names);
    for (const [path, file] of moved) names.set(operation.to + path.slice(operation.from.length), file);
  }
}

function removeBelow(path: string, names: Map<string, number>): void {
  for (const each of [...names.keys()]) if (isBelow(each, path)) names.delete(each);
}

function isBelow(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}

/** Writes a state to its own directory and replaces the directory's previous content. */
export async function materialise(state: CrashState, directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const [path, bytes] of state) {
    const target = join(directory, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(target, bytes, { mode: 0o600 });
  }
}
