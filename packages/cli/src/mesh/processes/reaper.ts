import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { reaperProgram } from "../../shipped-files.ts";

/** Ends watched processes and removes folders when this process ends for any reason, including SIGKILL. */
export interface Reaper {
  readonly pid: number;
  /** Watches a process, which must lead its process group. */
  watch(pid: number): void;
  /** Watches a process of our own group, and its descendants. */
  watchTree(pid: number): void;
  forget(pid: number): void;
  removeAtEnd(folder: string): void;
  keep(folder: string): void;
  /** Reaps immediately, and resolves when everything is gone. */
  close(): Promise<void>;
}

type Order =
  | { watch: number }
  | { watchTree: number }
  | { forget: number }
  | { remove: string }
  | { keep: string };

/** Starts the reaper in its own session, so that no terminal signal reaches it. */
export async function startReaper(nodePath: string): Promise<Reaper> {
  const child = spawn(nodePath, [reaperProgram], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
  });
  const ended = once(child, "exit");
  ended.catch(() => {});
  await once(child, "spawn");
  const folders = new Set<string>();
  // If the reaper was killed, EPIPE must not end the command.
  child.stdin.on("error", () => {});
  const send = (order: Order) => child.stdin.write(`${JSON.stringify(order)}\n`);
  return {
    pid: child.pid ?? 0,
    watch: (pid) => send({ watch: pid }),
    watchTree: (pid) => send({ watchTree: pid }),
    forget: (pid) => send({ forget: pid }),
    removeAtEnd: (folder) => {
      folders.add(folder);
      send({ remove: folder });
    },
    keep: (folder) => {
      folders.delete(folder);
      send({ keep: folder });
    },
    close: async () => {
      child.stdin.end();
      await ended;
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
}
