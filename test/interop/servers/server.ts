import type { Door } from "./handshakes.ts";
import type { Place } from "./place.ts";

/** One server that a recipe of the page configures. */
export interface Server {
  readonly name: string;
  /** Whether the recipe has a command, which fails on purpose. */
  readonly hasCommand: boolean;
  /** Why it cannot run here; undefined if it can. */
  missing(): string | undefined;
  /** Starts the agent and then the server, and returns where it listens. */
  start(place: Place, app: string): Promise<Door>;
}

/** A request of HTTP, and the answer to a client that TLS has let in. */
export const overHttp = {
  request: Buffer.from("GET / HTTP/1.1\r\nHost: mesh\r\nConnection: close\r\n\r\n"),
  accepted: /^HTTP\/1\.1 200 /,
};
