import { AddressRules } from "../../outbound/address-rules.ts";
import { KubernetesClient } from "./api-client.ts";

/**
 * A client of an API server that a test started on loopback, an address that the CA does not allow by
 * default.
 */
export function loopbackClient(store: { readonly url: URL; readonly caFile: string }): KubernetesClient {
  return new KubernetesClient({
    server: store.url,
    caFile: store.caFile,
    tokenFile: undefined,
    addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
  });
}
