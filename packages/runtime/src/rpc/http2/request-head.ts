import type { IncomingHttpHeaders } from "node:http2";
import type { Route } from "../route.ts";
import { grpcStatus } from "../status.ts";
import { parseGrpcTimeout } from "./grpc-timeout.ts";
import { WireFault } from "./wire-fault.ts";

/** The parsed headers of a call. */
export interface RequestHead {
  readonly route: Route;
  /** The client's own deadline. */
  readonly timeoutMs: number | undefined;
  readonly encoding: string | undefined;
}

/** Returns the HTTP status for a request that is not gRPC, and undefined for one that is. */
export function httpRefusalOf(headers: IncomingHttpHeaders): number | undefined {
  if (headers[":method"] !== "POST") return 405;
  return isGrpc(headers["content-type"]) ? undefined : 415;
}

/** `application/grpc`, alone or followed by a message format or parameters. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType !== undefined && /^application\/grpc(?:[+;]|$)/i.test(contentType);
}

/** Parses the headers of a gRPC call. Throws a {@link WireFault}. */
export function parseRequestHead(
  headers: IncomingHttpHeaders,
  routes: ReadonlyMap<string, Route>,
): RequestHead {
  // A proxy that drops this header would also drop the trailers of the answer, and with them the status.
  if (headers["te"] !== "trailers") {
    throw new WireFault(
      grpcStatus.INTERNAL,
      "the header te: trailers is missing; a proxy may have removed it",
    );
  }
  const route = routes.get(headers[":path"] ?? "");
  if (route === undefined) throw new WireFault(grpcStatus.UNIMPLEMENTED, "unknown method");
  return { route, timeoutMs: timeoutIn(headers), encoding: textOf(headers["grpc-encoding"]) };
}

function timeoutIn(headers: IncomingHttpHeaders): number | undefined {
  const text = textOf(headers["grpc-timeout"]);
  if (text === undefined) return undefined;
  const timeoutMs = parseGrpcTimeout(text);
  if (timeoutMs === undefined) {
    throw new WireFault(
      grpcStatus.INTERNAL,
      "grpc-timeout is malformed: expected 1 to 8 digits and one of HMSmun",
    );
  }
  return timeoutMs;
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return value === undefined ? undefined : String(value);
}
