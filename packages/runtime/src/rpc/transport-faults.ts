import type { Logger } from "../log/log.ts";
import type { TransportFault } from "./transport-fault.ts";

export interface TransportFaultsDeps {
  /** The path of the socket. */
  readonly path: string;
  readonly logger: Logger;
  readonly count?: (fault: TransportFault) => void;
}

const messages: Readonly<Record<TransportFault["ended"], string>> = {
  stream: "HTTP/2 ended a client's stream before its call arrived",
  connection: "HTTP/2 ended the connection of a faulty client",
};

const fixes: Readonly<Record<NonNullable<TransportFault["cause"]>, string>> = {
  "empty authority": "let the client send a non-empty :authority, such as localhost",
  "not HTTP/2": "connect with gRPC, that is HTTP/2 without TLS",
};

/**
 * Returns a listener that counts every fault of the clients of one socket, and logs each kind once: a client that
 * retries would otherwise fill the log.
 */
export function reportTransportFaults(deps: TransportFaultsDeps): (fault: TransportFault) => void {
  const logged = new Set<string>();
  return (fault) => {
    deps.count?.(fault);
    const { ended, code, cause } = fault;
    const kind = `${ended} ${code} ${cause}`;
    if (logged.has(kind)) return;
    logged.add(kind);
    const advice = cause === undefined ? {} : { cause, fix: fixes[cause] };
    deps.logger.warn(messages[ended], { path: deps.path, code, ...advice });
  };
}
