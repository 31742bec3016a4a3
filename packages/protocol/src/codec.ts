/** Converts one message to bytes and back. `decode` throws if the bytes are not that message. */
export interface Codec<Message> {
  encode(message: Message): Uint8Array;
  decode(bytes: Uint8Array): Message;
}

/** One RPC: its HTTP/2 path and the codecs of both directions. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}
