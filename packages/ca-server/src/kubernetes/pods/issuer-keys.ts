import { JwksError } from "../../errors.ts";
import type { KubernetesClient } from "../api/api-client.ts";

/**
 * Reads the keys that sign the cluster's service account tokens. Most clusters grant this to every service account,
 * with the role system:service-account-issuer-discovery.
 *
 * @throws JwksError, or the error of the connection
 */
export async function readIssuerKeys(client: Pick<KubernetesClient, "get">): Promise<string> {
  const { status, body } = await client.get("/openid/v1/jwks");
  if (status === 200) return body;
  const isDenied = status === 401 || status === 403;
  const hint = isDenied
    ? "; bind the CA's service account to the cluster role system:service-account-issuer-discovery"
    : "";
  throw new JwksError(`the API server answered ${status} to a request for its key set${hint}`);
}
