import { type RequestOptions, request } from "node:https";
import { TLSSocket } from "node:tls";
import { HttpsError } from "../../errors.ts";
import type { AddressRules } from "../../outbound/address-rules.ts";
import { readCaFile } from "../../outbound/ca-file.ts";
import { problemOfServer } from "../../outbound/verify-server.ts";

export interface ServerTimeDeps {
  readonly server: URL;
  /** PEM of the roots that the server's certificate must chain to; undefined for the system's roots. */
  readonly caFile: string | undefined;
  readonly addressRules: AddressRules;
}

const timeoutMs = 5_000;

/**
 * Reads the API server's clock from the `Date` of a response. The request carries no token, and the server's
 * certificate is verified without its dates: with a wrong clock every certificate seems to have expired.
 *
 * @throws HttpsError, or the connection's error
 */
export async function readServerTime({ server, caFile, addressRules }: ServerTimeDeps): Promise<number> {
  addressRules.checkHost(server.hostname);
  const roots = caFile === undefined ? undefined : await readCaFile(caFile);
  const url = new URL(`${server.pathname.replace(/\/$/, "")}/version`, server);
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      ...(roots === undefined ? {} : { ca: roots }),
      agent: false,
      minVersion: "TLSv1.2",
      rejectUnauthorized: false,
      lookup: addressRules.lookup,
      signal: AbortSignal.timeout(timeoutMs),
    };
    let isVerified = false;
    const sent = request(url, options, (response) => {
      response.resume();
      if (!isVerified) return reject(new HttpsError("the API server was not verified"));
      const ms = Date.parse(response.headers.date ?? "");
      if (Number.isNaN(ms)) reject(new HttpsError("the response has no Date"));
      else resolve(ms);
    });
    sent.once("socket", (socket) =>
      socket.once("secureConnect", () => {
        const check = { host: url.hostname, rootsPem: roots, at: undefined };
        const problem = socket instanceof TLSSocket ? problemOfServer(socket, check) : "no TLS";
        if (problem === undefined) isVerified = true;
        else sent.destroy(new HttpsError(`cannot verify the API server: ${problem}`));
      }),
    );
    sent.once("error", reject);
    sent.end();
  });
}
