import { accepts, aki, all, type CaSet, ca, refuses, root, ski, usage, warns } from "../ca-set.ts";

const other = "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33";
/** The same root (name and key) as two tools write it: only its subject key identifier differs. */
const twin = { subject: "/O=example/CN=root", key: "root" };

/** How a certificate names the key or the certificate of its issuer. */
export const identifiers: readonly CaSet[] = [
  { name: "an ordinary intermediate", kasbah: accepts },
  {
    name: "an intermediate that names another key identifier than its root has",
    certificates: {
      root: { extensions: [ca(), usage, `subjectKeyIdentifier=${other}`] },
      "root-old": { ...twin },
      mesh: { issuer: "root-old" },
    },
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/has the subject key identifier/, "CN=root"),
  },
  {
    name: "an intermediate that names another key identifier, with both roots in the file",
    certificates: {
      root: { extensions: [ca(), usage, `subjectKeyIdentifier=${other}`] },
      "root-old": { ...twin },
      mesh: { issuer: "root-old" },
    },
    roots: ["root", "root-old"],
    kasbah: accepts,
  },
  {
    name: "a middle that names another key identifier than its root has",
    certificates: {
      root: { extensions: [ca(), usage, `subjectKeyIdentifier=${other}`] },
      "root-old": { ...twin },
      middle: { issuer: "root-old", extensions: [ca(1), usage, ski, aki] },
      mesh: { issuer: "middle" },
    },
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/has the subject key identifier/, "CN=root"),
  },
  {
    name: "an intermediate that names another key identifier than its middle has",
    certificates: {
      middle: { extensions: [ca(1), usage, `subjectKeyIdentifier=${other}`, aki] },
      "middle-old": { subject: "/O=example/CN=middle", key: "middle", extensions: [ca(1), usage, ski, aki] },
      mesh: { issuer: "middle-old" },
    },
    chain: ["mesh", "middle"],
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/has the subject key identifier/, "CN=middle"),
  },
  {
    name: "an intermediate that names its root by issuer and serial",
    certificates: { mesh: { extensions: [ca(0), usage, ski, "authorityKeyIdentifier=issuer:always"] } },
    clients: { strict: "rejects" },
    kasbah: warns("strict-x509"),
  },
  {
    name: "an intermediate that names the serial of a reissued root",
    certificates: {
      "root-old": { ...twin },
      mesh: { issuer: "root-old", extensions: [ca(0), usage, ski, "authorityKeyIdentifier=issuer:always"] },
    },
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/has the serial/, "CN=root"),
  },
  {
    name: "an intermediate that names key identifier and serial, of which only the serial is wrong",
    certificates: {
      "root-old": { ...twin },
      mesh: {
        issuer: "root-old",
        extensions: [ca(0), usage, ski, "authorityKeyIdentifier=keyid:always,issuer:always"],
      },
    },
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/has the serial/, "CN=root"),
  },
  {
    name: "an intermediate that names another issuer of its root, with the right serial",
    certificates: {
      root: { args: ["-set_serial", "77"] },
      "root-old": { subject: "/O=other/CN=root", key: "root", args: ["-set_serial", "77"] },
      // A root that another one issued: its name is right, its issuer is not the one that the child names.
      mesh: {
        extensions: [
          ca(0),
          usage,
          ski,
          "2.5.29.35=DER:30:2E:A1:29:A4:27:30:25:31:0E:30:0C:06:03:55:04:0A:0C:05:6F:74:68:65:72:31:13:30:11:06:03:55:04:03:0C:0A:6F:74:68:65:72:2D:72:6F:6F:74:82:01:4D",
        ],
      },
    },
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/was issued under another name/, "CN=root"),
  },
  {
    name: "an intermediate without an authority key identifier",
    certificates: { mesh: { extensions: [ca(0), usage, ski] } },
    clients: { strict: "rejects" },
    kasbah: warns("strict-x509"),
  },
  {
    name: "an intermediate without a subject key identifier",
    certificates: { mesh: { extensions: [ca(0), usage, aki] } },
    clients: { strict: "rejects" },
    kasbah: warns("strict-x509"),
  },
  {
    name: "a root without a subject key identifier",
    certificates: { root: { extensions: [ca(), usage] } },
    clients: { strict: "rejects" },
    kasbah: warns("strict-x509"),
  },
  {
    name: "no key identifiers at all",
    certificates: { root: { extensions: [ca(), usage] }, mesh: { extensions: [ca(0), usage] } },
    clients: { strict: "rejects" },
    kasbah: warns("strict-x509"),
  },
  {
    name: "root and intermediate with one subject and no key identifiers",
    certificates: {
      root: { subject: "/O=example", extensions: [ca(), usage] },
      mesh: { subject: "/O=example", extensions: [ca(0), usage] },
    },
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/has the name of its issuer and no key identifier/, "O=example"),
  },
  {
    name: "root and intermediate with one subject and key identifiers",
    certificates: { root: { subject: "/O=example" }, mesh: { subject: "/O=example" } },
    kasbah: accepts,
  },
  {
    name: "root and intermediate with one subject, and a key identifier only in the root",
    certificates: {
      root: { subject: "/O=example" },
      mesh: { subject: "/O=example", extensions: [ca(0), usage] },
    },
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/has the name of its issuer and no key identifier/, "O=example"),
  },
  {
    name: "two roots with one subject, and no key identifiers",
    certificates: {
      root: { subject: "/O=example", extensions: [ca(), usage] },
      "root-other": { subject: "/O=example", extensions: [ca(), usage] },
      mesh: { extensions: [ca(0), usage] },
    },
    roots: ["root-other", "root"],
    clients: { openssl: "rejects", strict: "rejects", envoy: "rejects" },
    kasbah: refuses(/has the same name as the root/, "O=example"),
  },
  {
    name: "two roots with one subject, and key identifiers",
    certificates: { root: { subject: "/O=example" }, "root-other": { subject: "/O=example" } },
    roots: ["root-other", "root"],
    kasbah: accepts,
  },
  {
    name: "a root that names its own key",
    certificates: { root: { extensions: root("authorityKeyIdentifier=keyid:always") } },
    kasbah: accepts,
  },
  {
    name: "a root that names its own issuer and serial",
    certificates: { root: { extensions: root("authorityKeyIdentifier=keyid:always,issuer:always") } },
    kasbah: accepts,
  },
  {
    name: "a root that names another key as its own",
    certificates: {
      root: {
        extensions: root(
          "2.5.29.35=DER:30:16:80:14:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33",
        ),
      },
    },
    clients: { openssl: "rejects", strict: "rejects" },
    kasbah: refuses(/its authority key identifier names another key/, "CN=root"),
  },
  {
    name: "a critical authority key identifier",
    certificates: { mesh: { extensions: [ca(0), usage, ski, "authorityKeyIdentifier=critical,keyid"] } },
    clients: all,
    kasbah: refuses(/has the critical extension/),
  },
  {
    name: "a critical subject key identifier",
    certificates: { mesh: { extensions: [ca(0), usage, "subjectKeyIdentifier=critical,hash", aki] } },
    clients: all,
    kasbah: refuses(/has the critical extension/),
  },
];
