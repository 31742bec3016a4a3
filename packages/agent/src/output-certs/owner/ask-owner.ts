import { createConnection } from "node:net";
import { errnoOf, printableText } from "@kasbah/runtime";
import { openShortPath } from "./short-path.ts";

/** What a mark says about its owner. */
export interface OwnerAnswer {
  readonly isAlive: boolean;
  /** The owner's line about itself, printable. */
  readonly description?: string;
}

const longestWaitMs = 1_000;
const maxChars = 500;
/** No process listens, or the file is no socket, as in a copy of the directory. */
const dead: ReadonlySet<string | undefined> = new Set(["ECONNREFUSED", "ENOENT", "ENOTSOCK"]);

/** Asks the owner of a mark. Only a refused connection proves that it is dead: it may be stopped, or another user's. */
export async function askOwner(directory: string, name: string): Promise<OwnerAnswer> {
  const short = await openShortPath(directory);
  try {
    return await ask(short.join(name));
  } finally {
    await short.close();
  }
}

function ask(path: string): Promise<OwnerAnswer> {
  return new Promise((resolve) => {
    let text = "";
    const socket = createConnection(path);
    const alive = () => {
      socket.destroy();
      resolve(
        text === ""
          ? { isAlive: true }
          : { isAlive: true, description: printableText(text.trim(), maxChars) },
      );
    };
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.length > maxChars) alive();
    });
    socket.once("end", alive);
    socket.setTimeout(longestWaitMs, alive);
    socket.once("error", (error) => (dead.has(errnoOf(error)) ? resolve({ isAlive: false }) : alive()));
  });
}
