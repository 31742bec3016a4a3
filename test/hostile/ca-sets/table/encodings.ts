import { accepts, aki, type CaSet, ca, mesh, refuses, root, ski, usage } from "../ca-set.ts";

/** Keys, signatures and bytes. */
export const encodings: readonly CaSet[] = [
  { name: "RSA keys", certificates: { root: { key: "rsa-2048-a" }, mesh: { key: "rsa-2048-b" } }, kasbah: accepts },
  {
    name: "P-384 above P-256, with SHA-384",
    certificates: { root: { key: "p-384-a", args: ["-sha384"] }, mesh: { args: ["-sha384"] } },
    kasbah: accepts,
  },
  { name: "P-256 with SHA-512", certificates: { mesh: { args: ["-sha512"] } }, kasbah: accepts },
  { name: "P-256 with SHA-1", certificates: { mesh: { args: ["-sha1"] } }, kasbah: accepts },
  {
    name: "RSA with SHA-1",
    certificates: { root: { key: "rsa-2048-a" }, mesh: { args: ["-sha1"] } },
    kasbah: accepts,
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
    kasbah: accepts,
  },
  { name: "an intermediate with a key of RSA-1024", certificates: { mesh: { key: "rsa-1024-a" } }, kasbah: accepts },
  { name: "a root with a key of RSA-1024", certificates: { root: { key: "rsa-1024-a" } }, kasbah: accepts },
  { name: "an intermediate with a key of P-521", certificates: { mesh: { key: "p-521-a" } }, kasbah: accepts },
  { name: "an intermediate with a key of P-224", certificates: { mesh: { key: "p-224-a" } }, kasbah: accepts },
  { name: "an intermediate with a key of Ed25519", certificates: { mesh: { key: "ed25519-a" } }, kasbah: accepts },
  {
    name: "a key with explicit curve parameters",
    certificates: { mesh: { key: "explicit-a" } },
    kasbah: accepts,
  },
  { name: "an intermediate of version 1", certificates: { mesh: { extensions: [], edit: "version-1" } }, kasbah: accepts },
  { name: "a negative serial", certificates: { mesh: { edit: "negative-serial" } }, kasbah: accepts },
  { name: "the serial zero", certificates: { mesh: { edit: "zero-serial" } }, kasbah: accepts },
  { name: "a serial of 21 octets", certificates: { mesh: { edit: "long-serial" } }, kasbah: accepts },
  { name: "a unique identifier", certificates: { mesh: { edit: "unique-id" } }, kasbah: accepts },
  { name: "an extension that occurs twice", certificates: { mesh: { edit: "extension-twice" } }, kasbah: accepts },
  { name: "a default value that is written out", certificates: { mesh: { edit: "critical-false" } }, kasbah: accepts },
  {
    name: "an issuer's name in PrintableString, where the root has UTF8String",
    certificates: { mesh: { edit: "printable-issuer" } },
    kasbah: accepts,
  },
  {
    name: "an issuer's name in upper case",
    certificates: { mesh: { edit: "upper-issuer" } },
    kasbah: accepts,
  },
];
