import type { IncomingMessage } from "node:http";

/** The parts of a request that decide whether the console answers it. */
export interface RequestFacts {
  readonly method: string;
  /** The path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Every `Host` header: a proxy and a server may choose different ones of two. */
  readonly hosts: readonly string[];
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, which a page cannot set; undefined for programs that are not browsers. */
  readonly site: string | undefined;
  /** Whether a browser opens the URL as a page of its own, not in a frame and not for a script. */
  readonly opensPage: boolean;
  readonly cookies: string;
  readonly contentType: string;
  /** `If-None-Match`. */
  readonly etag: string;
}

export function factsOf(request: IncomingMessage): RequestFacts {
  const { headers, headersDistinct, method = "", url = "" } = request;
  const [path = "", ...query] = url.split("?");
  const { "sec-fetch-mode": mode, "sec-fetch-dest": dest, "sec-fetch-site": site } = headers;
  return {
    method,
    path,
    query: new URLSearchParams(query.join("?")),
    hosts: headersDistinct["host"] ?? [],
    origin: headers.origin,
    site: site === undefined ? undefined : `${site}`,
    opensPage: mode === "navigate" && dest === "document",
    cookies: headers.cookie ?? "",
    contentType: headers["content-type"] ?? "",
    etag: headers["if-none-match"] ?? "",
  };
}
