/** HTTP/2 ended a stream, or a whole connection, before its server saw a call. */
export interface TransportFault {
  readonly ended: "stream" | "connection";
  /** The error code (RFC 9113 §7), such as `PROTOCOL_ERROR`. */
  readonly code: string;
  /** What the client did wrong, if it is one of these. */
  readonly cause?: "empty authority" | "not HTTP/2";
}
