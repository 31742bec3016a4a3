import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { TransportFault } from "../../transport-fault.ts";
import { ClientOctets } from "./client-octets.ts";
import { ServerOctets } from "./server-octets.ts";
import { UnseenStreams } from "./unseen-streams.ts";

/**
 * A connection of an HTTP/2 client whose `:authority` may have any form except the empty one. On a Unix socket it has no
 * meaning, and clients send the path of the socket, the name of an Envoy cluster, and more that nghttp2 rejects.
 */
export class HarmlessConnection extends Duplex {
  readonly #socket: Socket;
  readonly #streams: UnseenStreams;
  readonly #client: ClientOctets;
  readonly #server: ServerOctets;

  constructor(socket: Socket, onFault: (fault: TransportFault) => void) {
    super();
    this.#socket = socket;
    this.#streams = new UnseenStreams(onFault);
    this.#client = new ClientOctets(this.#streams);
    this.#server = new ServerOctets(this.#streams);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.once("end", () => this.push(null));
    socket.once("error", (error) => this.destroy(error));
    socket.once("close", () => this.destroy());
  }

  /** The server has the stream: how it ends is no fault of the transport. */
  seen(streamId: number | undefined): void {
    if (streamId !== undefined) this.#streams.seen(streamId);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(octets: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#server.watch(octets);
    this.#socket.write(octets, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #receive(chunk: Buffer): void {
    for (const octets of this.#client.push(chunk)) {
      if (!this.push(octets)) this.#socket.pause();
    }
  }
}
