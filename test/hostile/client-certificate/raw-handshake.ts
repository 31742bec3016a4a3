// A TLS 1.2 client that stops in the middle of the handshake. Client certificates and their signatures are
// unencrypted there, so it can send bytes that no TLS library would send, for keys without a known private
// key.

import { createECDH, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

type Bytes = Buffer;

const recordType = { alert: 21, handshake: 22 } as const;
const messageType = { clientHello: 1, certificate: 11, helloDone: 14, verify: 15, keyExchange: 16 } as const;
const recordLimit = 16_000;
const version = Buffer.of(3, 3);
const pauseMs = 25;

/** Alerts that end a handshake because of a certificate (RFC 5246 §7.2). */
export const alertNames: Readonly<Record<number, string>> = {
  40: "handshake_failure",
  42: "bad_certificate",
  43: "unsupported_certificate",
  46: "certificate_unknown",
  47: "illegal_parameter",
  50: "decode_error",
  51: "decrypt_error",
  80: "internal_error",
};

/**
 * Presents these certificates and this signature; resolves with the way in which the server ends the
 * handshake.
 */
export async function showInTheClear(
  port: number,
  chain: readonly Uint8Array[],
  signature: Uint8Array,
): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    const received = new Messages(socket);
    socket.write(record(message(messageType.clientHello, clientHello())));
    await received.until(messageType.helloDone);
    const list = Buffer.concat(chain.map((der) => prefixed(3, Buffer.from(der))));
    const ecdh = createECDH("prime256v1");
    const said = [
      message(messageType.certificate, prefixed(3, list)),
      message(messageType.keyExchange, prefixed(1, ecdh.generateKeys())),
      message(messageType.verify, Buffer.concat([Buffer.of(4, 1), prefixed(2, Buffer.from(signature))])),
    ];
    for (const each of said) {
      if (received.hasEnded) break;
      socket.write(record(each));
      // One at a time: data sent to a server that has already closed would discard its alert.
      await Promise.race([received.end(), setTimeout(pauseMs)]);
    }
    return await received.end();
  } finally {
    socket.destroy();
  }
}

/** ECDHE-ECDSA-AES128-GCM-SHA256 on P-256, with HTTP/2. */
function clientHello(): Bytes {
  const extensions = [
    extension(0x0a, prefixed(2, Buffer.of(0, 23))),
    extension(0x0b, prefixed(1, Buffer.of(0))),
    extension(0x0d, prefixed(2, Buffer.of(4, 3, 4, 1))),
    extension(0x10, prefixed(2, prefixed(1, Buffer.from("h2")))),
    extension(0x17, Buffer.alloc(0)),
    extension(0xff01, Buffer.of(0)),
  ];
  return Buffer.concat([
    version,
    randomBytes(32),
    Buffer.of(0),
    prefixed(2, Buffer.of(0xc0, 0x2b)),
    prefixed(1, Buffer.of(0)),
    prefixed(2, Buffer.concat(extensions)),
  ]);
}

function extension(type: number, content: Bytes): Bytes {
  return Buffer.concat([Buffer.of(type >> 8, type & 0xff), prefixed(2, content)]);
}

function message(type: number, content: Bytes): Bytes {
  return Buffer.concat([Buffer.of(type), prefixed(3, content)]);
}

/** Splits the content into as many records as necessary. */
function record(content: Bytes): Bytes {
  const pieces: Bytes[] = [];
  for (let at = 0; at < content.length; at += recordLimit) {
    const piece = content.subarray(at, at + recordLimit);
    pieces.push(Buffer.of(recordType.handshake), version, prefixed(2, piece));
  }
  return Buffer.concat(pieces);
}

function prefixed(octets: number, content: Bytes): Bytes {
  const length = Buffer.alloc(octets);
  length.writeUIntBE(content.length, 0, octets);
  return Buffer.concat([length, content]);
}

/** The unencrypted messages of the server. */
class Messages {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #types: number[] = [];
  #alert: number | undefined;
  #rest: Bytes = Buffer.alloc(0);
  #handshake: Bytes = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => {});
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  async until(type: number): Promise<void> {
    while (!this.#types.includes(type) && this.#alert === undefined) await once(this.#socket, "data");
  }

  get hasEnded(): boolean {
    return this.#alert !== undefined || this.#socket.destroyed;
  }

  async end(): Promise<string> {
    await this.#closed;
    return this.#alert === undefined ? "no alert" : (alertNames[this.#alert] ?? `alert ${this.#alert}`);
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 5 && this.#rest.length >= 5 + this.#rest.readUInt16BE(3)) {
      const end = 5 + this.#rest.readUInt16BE(3);
      const content = this.#rest.subarray(5, end);
      if (this.#rest[0] === recordType.alert) this.#alert ??= content[1];
      else this.#readHandshake(content);
      this.#rest = this.#rest.subarray(end);
    }
  }

  #readHandshake(content: Bytes): void {
    this.#handshake = Buffer.concat([this.#handshake, content]);
    while (this.#handshake.length >= 4 && this.#handshake.length >= 4 + this.#handshake.readUIntBE(1, 3)) {
      this.#types.push(this.#handshake.readUInt8(0));
      this.#handshake = this.#handshake.subarray(4 + this.#handshake.readUIntBE(1, 3));
    }
  }
}
