import { accepts, all, type CaSet, refuses, warns } from "../ca-set.ts";

/** Keys, signatures and bytes. */
export const encodings: readonly CaSet[] = [
  {
    name: "RSA keys",
    certificates: { root: { key: "rsa-2048-a" }, mesh: { key: "rsa-2048-b" } },
    kasbah: accepts,
  },
  {
    name: "P-384 above P-256, with SHA-384",
    certificates: { root: { key: "p-384-a", args: ["-sha384"] }, mesh: { args: ["-sha384"] } },
    kasbah: accepts,
  },
  {
    name: "P-256 with SHA-512",
    certificates: { mesh: { args: ["-sha512"] } },
    kasbah: warns("ecdsa-sha512"),
  },
  {
    name: "P-256 with SHA-1",
    certificates: { mesh: { args: ["-sha1"] } },
    clients: { openssl: "rejects", strict: "rejects", go: "rejects" },
    kasbah: refuses(/its signature algorithm is/),
  },
  {
    name: "RSA with SHA-1",
    certificates: { root: { key: "rsa-2048-a" }, mesh: { args: ["-sha1"] } },
    clients: { openssl: "rejects", strict: "rejects", go: "rejects" },
    kasbah: refuses(/its signature algorithm is/),
  },
  {
    name: "a root whose own signature has SHA-1",
    certificates: { root: { args: ["-sha1"] } },
    kasbah: accepts,
  },
  {
    name: "RSASSA-PSS with SHA-256",
    certificates: {
      root: { key: "rsa-2048-a" },
      mesh: { args: ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"] },
    },
    stricter: "kasbah verifies PKCS #1 v1.5 only",
    kasbah: refuses(/its signature algorithm is/),
  },
  {
    name: "an intermediate with a key of RSA-1024",
    certificates: { mesh: { key: "rsa-1024-a" } },
    clients: { openssl: "rejects", strict: "rejects" },
    kasbah: refuses(/RSA modulus has 1024 bits/, "ca-cert.pem"),
  },
  {
    name: "a root with a key of RSA-1024",
    certificates: { root: { key: "rsa-1024-a" } },
    clients: { openssl: "rejects", strict: "rejects" },
    kasbah: refuses(/RSA modulus has 1024 bits/, "root-cert.pem"),
  },
  {
    name: "an intermediate with a key of P-521",
    certificates: { mesh: { key: "p-521-a" } },
    stricter: "kasbah signs with P-256, P-384 or RSA",
    kasbah: refuses(/unsupported key algorithm/, "ca-cert.pem"),
  },
  {
    name: "an intermediate with a key of P-224",
    certificates: { mesh: { key: "p-224-a" } },
    stricter: "kasbah signs with P-256, P-384 or RSA",
    kasbah: refuses(/unsupported key algorithm/, "ca-cert.pem"),
  },
  {
    name: "an intermediate with a key of Ed25519",
    certificates: { mesh: { key: "ed25519-a" } },
    stricter: "kasbah signs with P-256, P-384 or RSA",
    kasbah: refuses(/unsupported key algorithm/, "ca-cert.pem"),
  },
  {
    name: "a key with explicit curve parameters",
    certificates: { mesh: { key: "explicit-a" } },
    clients: all,
    kasbah: refuses(/unsupported key algorithm/, "ca-cert.pem"),
  },
  {
    name: "an intermediate of version 1",
    certificates: { mesh: { extensions: [], edit: "version-1" } },
    clients: all,
    kasbah: refuses(/has no version/, "ca-cert.pem"),
  },
  {
    name: "a negative serial",
    certificates: { mesh: { edit: "negative-serial" } },
    clients: { go: "rejects" },
    kasbah: refuses(/serialNumber is not positive/, "ca-cert.pem"),
  },
  {
    name: "the serial zero",
    certificates: { mesh: { edit: "zero-serial" } },
    stricter: "RFC 5280 requires a positive serial",
    kasbah: refuses(/serialNumber is not positive/, "ca-cert.pem"),
  },
  {
    name: "a serial of 21 octets",
    certificates: { mesh: { edit: "long-serial" } },
    stricter: "RFC 5280 allows 20 octets",
    kasbah: refuses(/serial is longer than 20/, "ca-cert.pem"),
  },
  {
    name: "a unique identifier",
    certificates: { mesh: { edit: "unique-id" } },
    stricter: "RFC 5280 forbids it",
    kasbah: refuses(/has too many elements/, "ca-cert.pem"),
  },
  {
    name: "an extension that occurs twice",
    certificates: { mesh: { edit: "extension-twice" } },
    clients: all,
    kasbah: refuses(/occurs twice/, "ca-cert.pem"),
  },
  {
    name: "a default value that is written out",
    certificates: { mesh: { edit: "critical-false" } },
    stricter: "it is not DER",
    kasbah: refuses(/default value of critical/, "ca-cert.pem"),
  },
  {
    name: "an issuer's name in PrintableString, where the root has UTF8String",
    certificates: { mesh: { edit: "printable-issuer" } },
    clients: { go: "rejects" },
    kasbah: refuses(/it in other bytes/),
  },
  {
    name: "an issuer's name in upper case",
    certificates: { mesh: { edit: "upper-issuer" } },
    clients: { go: "rejects" },
    kasbah: refuses(/it in other bytes/),
  },
];
