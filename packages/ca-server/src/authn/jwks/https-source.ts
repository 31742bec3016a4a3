import { JwksError } from "../../errors.ts";
import { exchange, type HttpsEndpoint } from "../../outbound/https-exchange.ts";

/** Fetches a key set over HTTPS. @throws JwksError, HttpsError, or the error of the connection. */
export async function fetchJwks(endpoint: HttpsEndpoint, stopping: AbortSignal): Promise<string> {
  const { status, body } = await exchange(endpoint, { method: "GET" }, stopping);
  if (status !== 200) throw new JwksError(`the JWKS endpoint returned the status ${status}`);
  return body;
}
