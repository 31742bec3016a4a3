import { Agent, type AgentOptions, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect } from "node:tls";
import { HttpsError } from "../errors.ts";
import { problemOfServer } from "./verify-server.ts";

/** The time by which certificates are judged; undefined while the clock of the machine can be used. */
export type TimeInDoubt = () => Date | undefined;

type Connected = (error: Error | null, socket: Duplex) => void;

/**
 * Connections to servers whose certificates are judged by the CA's trusted time while the clock of the machine is
 * wrong. No request is sent before the server is verified.
 */
export class TrustedTimeAgent extends Agent {
  readonly #timeInDoubt: TimeInDoubt;

  constructor(options: AgentOptions, timeInDoubt: TimeInDoubt) {
    super(options);
    this.#timeInDoubt = timeInDoubt;
  }

  override createConnection(options: RequestOptions, connected?: Connected): Duplex | null | undefined {
    const at = this.#timeInDoubt();
    if (at === undefined || connected === undefined) return super.createConnection(options, connected);
    const { ca, host } = options;
    const socket = connect({ ...(options as ConnectionOptions), rejectUnauthorized: false });
    const fail = (error: Error) => connected(error, socket);
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      socket.off("error", fail);
      const rootsPem = ca === undefined ? undefined : String(ca);
      const problem = problemOfServer(socket, { host: host ?? "", rootsPem, at });
      if (problem === undefined) return connected(null, socket);
      socket.destroy();
      fail(new HttpsError(`cannot verify the server: ${problem}`));
    });
    return undefined;
  }
}
