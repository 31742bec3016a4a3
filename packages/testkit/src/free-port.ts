import { createServer } from "node:net";

/** Below Linux's ephemeral range, so that no connection and no server on port 0 can take such a port meanwhile. */
const [first, count] = [10_000, 22_000];

/** Each process starts at a different port, so that parallel test runs do not compete. */
let next = (process.pid * 61) % count;

/** A free TCP port of the loopback, which this process returns only once; prefer port 0 if the program under test accepts it. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < count; tries += 1) {
    const port = first + next;
    next = (next + 1) % count;
    if (await isFree(port)) return port;
  }
  throw new Error("no free port");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
