// Correctly signed leaves whose names identify no workload of this trust domain.

import { commonName, dns, names, tlv, uri } from "@kasbah/testkit/csr";
import { changed, type Impostor } from "./cases.ts";
import { bank, type Changes, frontend, id } from "./mint.ts";

const named = (...list: readonly Uint8Array[]): Changes => ({ extensions: { [id.names]: names(...list) } });
const ip = tlv(0x87, Buffer.of(127, 0, 0, 1));
const mail = tlv(0x81, Buffer.from("frontend@cluster.local"));
const shared = "spiffe://cluster.local";

export const foreignNames: readonly Impostor[] = changed({
  "without any name": { extensions: { [id.names]: undefined } },
  "with its SPIFFE ID only as the common name": {
    subject: commonName(frontend),
    extensions: { [id.names]: undefined },
  },
  "with two SPIFFE IDs": named(uri(frontend), uri(bank)),
  "with one SPIFFE ID twice": named(uri(frontend), uri(frontend)),
  "with another URI besides its SPIFFE ID": named(uri(frontend), uri("https://frontend.demo")),
  "with only a host name": named(dns("frontend.demo.svc")),
  "with its SPIFFE ID as a host name": named(dns(frontend)),
  "with an IP address besides its SPIFFE ID": named(uri(frontend), ip),
  "with an e-mail address besides its SPIFFE ID": named(uri(frontend), mail),
  "with a SPIFFE ID that ends in a zero octet": named(uri(`${frontend}\0`)),
  "with an empty URI": named(uri("")),
  "of another trust domain": named(uri("spiffe://other.local/ns/demo/sa/frontend")),
  "of a trust domain below ours": named(uri("spiffe://evil.cluster.local/ns/demo/sa/frontend")),
  "of a trust domain that starts with ours": named(uri("spiffe://cluster.local.evil/ns/demo/sa/frontend")),
  "of our trust domain in upper case": named(uri("spiffe://CLUSTER.LOCAL/ns/demo/sa/frontend")),
  "of our trust domain with a port": named(uri("spiffe://cluster.local:443/ns/demo/sa/frontend")),
  "of our trust domain with a user": named(uri("spiffe://frontend@cluster.local/ns/demo/sa/frontend")),
  "with the scheme SPIFFE in upper case": named(uri(frontend.replace("spiffe", "SPIFFE"))),
  "of the trust domain itself": named(uri(shared)),
  "of a namespace without an account": named(uri(`${shared}/ns/x`)),
  "of an account without a name": named(uri(`${shared}/ns/x/sa/`)),
  "of a namespace without a name": named(uri(`${shared}/ns//sa/frontend`)),
  "with a segment after the account": named(uri(`${frontend}/admin`)),
  "with a slash after the account": named(uri(`${frontend}/`)),
  "with a path that traverses upwards": named(uri(`${shared}/ns/demo/sa/../../prod/sa/bank`)),
  "with a path that traverses upwards in percent encoding": named(uri(`${shared}/ns/demo/sa/%2e%2e/bank`)),
  "with a percent-encoded slash": named(uri(`${shared}/ns/demo%2Fsa/frontend`)),
  "with a query": named(uri(`${frontend}?sa=bank`)),
  "with a fragment": named(uri(`${frontend}#bank`)),
  "with path keys in upper case": named(uri(`${shared}/NS/demo/SA/frontend`)),
  "with an account in upper case": named(uri(`${shared}/ns/demo/sa/Frontend`)),
  "with a namespace that has a dot": named(uri(`${shared}/ns/de.mo/sa/frontend`)),
  "with a path that is not a workload's": named(uri(`${shared}/agent/frontend`)),
  "with a name of 2049 octets": named(uri(frontend.padEnd(2049, "x"))),
});
