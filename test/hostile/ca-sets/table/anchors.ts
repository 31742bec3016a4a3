import { accepts, aki, all, type CaSet, ca, refuses, root, ski, usage } from "../ca-set.ts";

const middle = { extensions: [ca(1), usage, ski, aki] };

/** Which certificates are in which file, and where chains end. */
export const anchors: readonly CaSet[] = [
  {
    name: "a trust anchor that is not self-signed",
    certificates: { middle, mesh: { issuer: "middle" } },
    chain: ["mesh", "middle"],
    roots: ["middle"],
    clients: { openssl: "rejects", strict: "rejects" },
    kasbah: refuses(/ends a chain only at a self-signed root/, "CN=middle"),
  },
  {
    name: "the signing certificate itself as the only trust anchor",
    roots: ["mesh"],
    clients: { openssl: "rejects", strict: "rejects" },
    kasbah: refuses(/ends a chain only at a self-signed root/),
  },
  {
    name: "the signing certificate in the root file beside its root",
    roots: ["mesh", "root"],
    kasbah: accepts,
  },
  {
    name: "the signing certificate in the root file after its root",
    roots: ["root", "mesh"],
    kasbah: accepts,
  },
  {
    name: "a middle in the root file beside its root",
    certificates: { middle, mesh: { issuer: "middle" } },
    roots: ["middle", "root"],
    kasbah: accepts,
  },
  {
    name: "a middle in the root file only, beside its root",
    certificates: { middle, mesh: { issuer: "middle" } },
    chain: ["mesh"],
    roots: ["middle", "root"],
    kasbah: accepts,
  },
  {
    name: "a middle that is missing",
    certificates: { middle, mesh: { issuer: "middle" } },
    chain: ["mesh"],
    clients: all,
    kasbah: refuses(/it is missing/),
  },
  { name: "the root repeated in the chain", chain: ["mesh", "root"], kasbah: accepts },
  {
    name: "another root",
    certificates: { "root-other": {} },
    roots: ["root-other"],
    clients: all,
    kasbah: refuses(/it is missing/),
  },
  {
    name: "a root of the same name that did not sign",
    certificates: { "root-other": { subject: "/O=example/CN=root" } },
    roots: ["root-other"],
    clients: all,
    kasbah: refuses(/has another key/),
  },
  {
    name: "a self-signed root that signs workload certificates itself",
    certificates: { mesh: { subject: "/O=example/CN=mesh", issuer: "mesh", extensions: root() } },
    roots: ["mesh"],
    kasbah: accepts,
  },
  {
    name: "a self-signed root that is not in the root file",
    certificates: { mesh: { issuer: "mesh", extensions: root() } },
    clients: all,
    kasbah: refuses(/is a root that root-cert\.pem does not contain/),
  },
  {
    name: "four CAs above the signing certificate",
    certificates: {
      one: { extensions: [ca(), usage, ski, aki] },
      two: { issuer: "one", extensions: [ca(), usage, ski, aki] },
      three: { issuer: "two", extensions: [ca(), usage, ski, aki] },
      mesh: { issuer: "three" },
    },
    kasbah: accepts,
  },
  {
    name: "five CAs above the signing certificate",
    certificates: {
      one: { extensions: [ca(), usage, ski, aki] },
      two: { issuer: "one", extensions: [ca(), usage, ski, aki] },
      three: { issuer: "two", extensions: [ca(), usage, ski, aki] },
      four: { issuer: "three", extensions: [ca(), usage, ski, aki] },
      mesh: { issuer: "four" },
    },
    stricter: "agents verify at most four intermediates",
    kasbah: refuses(/has more than 4 CAs above it/),
  },
  {
    name: "a cross-certificate beside the new root",
    certificates: {
      "root-new": {},
      cross: {
        subject: "/O=example/CN=root-new",
        key: "root-new",
        extensions: [ca(), usage, ski, aki],
      },
      mesh: { issuer: "root-new" },
    },
    chain: ["mesh", "cross"],
    roots: ["root", "root-new"],
    kasbah: accepts,
  },
];
