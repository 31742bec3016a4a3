import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import { connect } from "node:tls";
import { untilSeen } from "@kasbah/testkit";
import { errorNames, flag, frameType, preface, settings, settingsAck } from "./frames.ts";

/** The endpoint: TLS with the expected identity, or a Unix socket. */
export type Target = TlsTarget | { readonly socketPath: string };

export interface TlsTarget {
  readonly port: number;
  readonly rootPem: string;
}

interface ReceivedFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

const frameHeaderLength = 9;
const endsWithinMs = 60_000;
const connectWithinMs = 60_000;

/** A connection that sends raw bytes and parses the server's frames. */
export class RawConnection implements Disposable {
  readonly frames: ReceivedFrame[] = [];
  readonly #socket: Socket;
  #rest = Buffer.alloc(0);
  #closed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // With Nagle's algorithm, small writes would wait 40 ms each for an acknowledgement.
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
    });
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  /** Resolves after the TLS handshake, if any, before any HTTP/2 data is sent. */
  static async open(target: Target): Promise<RawConnection> {
    const [socket, isOpen] = "socketPath" in target ? openUnix(target.socketPath) : openTls(target);
    const connection = new RawConnection(socket);
    return connection.#orNone(once(socket, isOpen, { signal: AbortSignal.timeout(connectWithinMs) }));
  }

  /** Sends the preface and exchanges acknowledged settings, because limits apply only after that. */
  static async greeted(target: Target): Promise<RawConnection> {
    const connection = await RawConnection.open(target);
    connection.send(preface, settings());
    await connection.#orNone(
      untilSeen("settings", connectWithinMs, () => connection.#isGreeted() || undefined),
    );
    connection.send(settingsAck());
    return connection;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(...pieces: readonly Uint8Array[]): void {
    if (!this.#closed) this.#socket.write(Buffer.concat(pieces));
  }

  /**
   * How the server ended the connection or the stream, as text: `GOAWAY PROTOCOL_ERROR`, `closed`,
   * `END_STREAM` …
   */
  fate(streamId: number, withinMs = endsWithinMs): Promise<string> {
    return untilSeen(`end of stream ${streamId}`, withinMs, () => {
      const received = this.frames.find((each) => isEndOf(streamId, each));
      if (received !== undefined) return nameOf(received);
      return this.#closed ? "closed" : undefined;
    });
  }

  /** Resolves with the first frame of this type. */
  heard(type: number, withinMs = endsWithinMs): Promise<ReceivedFrame> {
    return untilSeen(`frame of type ${type}`, withinMs, () => this.frames.find((each) => each.type === type));
  }

  /** The same as `fate`, for the connection. */
  end(): Promise<string> {
    return this.fate(0);
  }

  async closed(withinMs: number): Promise<void> {
    await untilSeen("close", withinMs, () => this.#closed || undefined);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  /** Returns this connection, or closes it if it cannot be opened. */
  async #orNone(opened: Promise<unknown>): Promise<this> {
    try {
      await opened;
      return this;
    } catch (error) {
      this.#socket.destroy();
      throw error;
    }
  }

  /** The server's settings and its acknowledgement of our settings have arrived. */
  #isGreeted(): boolean {
    return this.frames.filter(({ type }) => type === frameType.settings).length >= 2;
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= frameHeaderLength) {
      const end = frameHeaderLength + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      this.frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        streamId: this.#rest.readUInt32BE(5),
        payload: this.#rest.subarray(frameHeaderLength, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
  }
}

function openUnix(path: string): [socket: Socket, isOpen: string] {
  return [createConnection(path), "connect"];
}

function openTls({ port, rootPem }: TlsTarget): [socket: Socket, isOpen: string] {
  return [connect({ host: "127.0.0.1", port, ca: rootPem, ALPNProtocols: ["h2"] }), "secureConnect"];
}

function isEndOf(streamId: number, { type, flags, streamId: of }: ReceivedFrame): boolean {
  if (type === frameType.goaway) return true;
  if (of !== streamId) return false;
  const hasEndFlag = type === frameType.data || type === frameType.headers;
  return type === frameType.rstStream || (hasEndFlag && (flags & flag.endStream) !== 0);
}

function nameOf({ type, payload }: ReceivedFrame): string {
  if (type === frameType.goaway) return `GOAWAY ${errorNames[payload.readUInt32BE(4)]}`;
  if (type === frameType.rstStream) return `RST_STREAM ${errorNames[payload.readUInt32BE(0)]}`;
  return "END_STREAM";
}
