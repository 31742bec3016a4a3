import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import type { Attempt } from "./race.ts";

/**
 * A TLS connection that has just been started.
 *
 * @param accept examines the verified server, and throws to refuse it
 */
export function attemptOf(
  socket: TLSSocket,
  accept: (socket: TLSSocket) => void = () => {},
): Attempt<TLSSocket> {
  // Once the race is over, the owner of the socket handles its errors; until then they reject `ready`.
  socket.on("error", () => {});
  const closed = new AbortController();
  const { signal } = closed;
  return {
    connected: once(socket, "connect", { signal }),
    ready: once(socket, "secureConnect", { signal }).then(() => {
      accept(socket);
      return socket;
    }),
    close() {
      closed.abort();
      socket.destroy();
    },
  };
}
