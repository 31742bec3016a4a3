import { accepts, all, type CaSet, mesh, refuses, root, warns } from "../ca-set.ts";

const names = (value: string) => `nameConstraints=${value}`;
const spiffe = "permitted;URI:cluster.local";
const serving = "permitted;DNS:localhost,permitted;DNS:istiod.istio-system.svc";
const addresses =
  "permitted;IP:127.0.0.1/255.255.255.255,permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

/** Names that a CA permits or excludes below it. */
export const constraints: readonly CaSet[] = [
  {
    name: "an intermediate that permits only SPIFFE IDs of the trust domain",
    certificates: { mesh: { extensions: mesh(names(`critical,${spiffe}`)) } },
    kasbah: warns("uri-name-constraint"),
  },
  {
    name: "an intermediate that permits only SPIFFE IDs of another trust domain",
    certificates: { mesh: { extensions: mesh(names("critical,permitted;URI:other.local")) } },
    clients: all,
    kasbah: refuses(/does not permit a name below it/),
  },
  {
    name: "an intermediate that permits only hosts below the trust domain",
    certificates: { mesh: { extensions: mesh(names("critical,permitted;URI:.cluster.local")) } },
    clients: all,
    kasbah: refuses(/does not permit a name below it/),
  },
  {
    name: "a root that permits only SPIFFE IDs of the trust domain",
    certificates: { root: { extensions: root(names(`critical,${spiffe}`)) } },
    kasbah: warns("uri-name-constraint"),
  },
  {
    name: "a root that permits only SPIFFE IDs of another trust domain",
    certificates: { root: { extensions: root(names("critical,permitted;URI:other.local")) } },
    clients: all,
    kasbah: refuses(/does not permit a name below it/, "CN=root"),
  },
  {
    name: "an intermediate that permits only DNS names of the company",
    certificates: { mesh: { extensions: mesh(names("critical,permitted;DNS:example.com")) } },
    clients: all,
    kasbah: refuses(/does not permit a name below it/),
  },
  {
    name: "an intermediate that permits only DNS names of the company, not critical",
    certificates: { mesh: { extensions: mesh(names("permitted;DNS:example.com")) } },
    clients: all,
    kasbah: refuses(/does not permit a name below it/),
  },
  {
    name: "an intermediate that permits the names of the serving certificate",
    certificates: { mesh: { extensions: mesh(names(`critical,${serving},${addresses}`)) } },
    clients: { envoy: "rejects" },
    kasbah: refuses(/name constraint on IP addresses/),
  },
  {
    name: "an intermediate that permits no IP address of the serving certificate",
    certificates: { mesh: { extensions: mesh(names("critical,permitted;IP:10.0.0.0/255.0.0.0")) } },
    clients: all,
    kasbah: refuses(/does not permit a name below it/),
  },
  {
    name: "an intermediate that excludes localhost",
    certificates: { mesh: { extensions: mesh(names("critical,excluded;DNS:localhost")) } },
    clients: all,
    kasbah: refuses(/excludes a name below it/),
  },
  {
    name: "an intermediate that excludes every IP address",
    certificates: { mesh: { extensions: mesh(names("critical,excluded;IP:0.0.0.0/0.0.0.0")) } },
    clients: all,
    kasbah: refuses(/excludes a name below it/),
  },
  {
    name: "an intermediate that excludes the trust domain",
    certificates: { mesh: { extensions: mesh(names("critical,excluded;URI:cluster.local")) } },
    clients: all,
    kasbah: refuses(/excludes a name below it/),
  },
  {
    name: "an intermediate that excludes a DNS name of the policy",
    certificates: { mesh: { extensions: mesh(names("critical,excluded;DNS:corp.example")) } },
    dnsNames: ["web.corp.example"],
    clients: all,
    kasbah: refuses(/excludes a name below it/),
  },
  {
    name: "an intermediate that permits the serving names, but not those of the policy",
    certificates: { mesh: { extensions: mesh(names(`critical,${serving}`)) } },
    dnsNames: ["web.demo.svc"],
    clients: all,
    kasbah: refuses(/does not permit a name below it/),
  },
  {
    name: "an intermediate that permits the serving names and those of the policy",
    certificates: { mesh: { extensions: mesh(names(`critical,${serving},permitted;DNS:svc`)) } },
    dnsNames: ["web.demo.svc"],
    kasbah: accepts,
  },
  {
    name: "a root that excludes a DNS name of the policy",
    certificates: { root: { extensions: root(names("critical,excluded;DNS:corp.example")) } },
    dnsNames: ["web.corp.example"],
    clients: all,
    kasbah: refuses(/excludes a name below it/, "CN=root"),
  },
  {
    name: "an intermediate that permits only mail addresses",
    certificates: { mesh: { extensions: mesh(names("critical,permitted;email:example.com")) } },
    kasbah: accepts,
  },
  {
    name: "a root that permits only names of the organization",
    certificates: {
      root: {
        extensions: root("nameConstraints=critical,permitted;dirName:company", "[company]", "O=example"),
      },
    },
    clients: { go: "rejects" },
    kasbah: refuses(/critical name constraint on names of the kind/, "CN=root"),
  },
  {
    name: "a root that permits only names of another organization",
    certificates: {
      root: {
        extensions: root("nameConstraints=critical,permitted;dirName:company", "[company]", "O=other"),
      },
    },
    clients: all,
    kasbah: refuses(/does not permit a name below it/, "CN=root"),
  },
  {
    name: "an empty name constraint",
    certificates: { mesh: { extensions: mesh("2.5.29.30=critical,DER:30:00") } },
    clients: { go: "rejects" },
    kasbah: refuses(/NameConstraints is empty/, "ca-cert.pem"),
  },
  {
    name: "a name constraint on registered identifiers",
    certificates: { mesh: { extensions: mesh("nameConstraints=critical,permitted;RID:1.2.3.4") } },
    clients: { go: "rejects" },
    kasbah: refuses(/critical name constraint on names of the kind/),
  },
  {
    name: "a DNS constraint with a leading dot",
    certificates: { mesh: { extensions: mesh(names(`critical,${serving},permitted;DNS:.demo.svc`)) } },
    dnsNames: ["web.demo.svc"],
    kasbah: accepts,
  },
];
