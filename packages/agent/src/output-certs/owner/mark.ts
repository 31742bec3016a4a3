import { once } from "node:events";
import { chmod, lstat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { openShortPath } from "./short-path.ts";

/** A socket by which other agents see that this one is alive. */
export interface OwnerMark {
  /** Identifies its file, under any name. */
  readonly inode: string;
  close(): Promise<void>;
}

/** Agents of any user may ask; a slow or silent one must not keep a descriptor. */
const socketMode = 0o666;
const longestAnswerMs = 1_000;
const mostQuestions = 16;

/** Listens on a new socket in the directory, and answers each connection with one line. */
export async function raiseMark(directory: string, name: string, describe: () => string): Promise<OwnerMark> {
  const short = await openShortPath(directory);
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.setTimeout(longestAnswerMs, () => socket.destroy());
    socket.resume().end(`${describe()}\n`);
  });
  server.maxConnections = mostQuestions;
  server.unref();
  const close = async () => {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    await short.close();
  };
  try {
    server.listen(short.join(name));
    await once(server, "listening");
    await chmod(join(directory, name), socketMode);
    const { dev, ino } = await lstat(join(directory, name));
    return { inode: `${dev}:${ino}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
