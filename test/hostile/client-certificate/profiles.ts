// Leaves signed by a key that is trusted for other purposes, or with a profile that this CA never issues.

import { createSerial, createWorkloadSerial } from "@kasbah/pki";
import { dns, extension, hex, names, oids, sequence, uri } from "@kasbah/testkit/csr";
import { changed, type Impostor, leafWith, type World } from "./cases.ts";
import { dayMs, hourMs, maxRenewalAgeMs } from "./gate.ts";
import { type Changes, critical, frontend, id, leafIssuerNamed, mint, purposes } from "./mint.ts";

const extended = (list: NonNullable<Changes["extensions"]>): Changes => ({ extensions: list });
const at = ({ now }: World, ms: number) => new Date(now.getTime() + ms);
const proven = (ms: number) => (world: World) => ({ serial: createWorkloadSerial(at(world, ms)) });
/** The last octets encode an old time, because a random value might encode one within the last days. */
const randomSerial = () => Buffer.concat([createSerial().subarray(0, 13), hex("3fffff")]);

const purposesAndUses = changed({
  "whose extKeyUsage is empty": extended({ [id.purposes]: extension(id.purposes, sequence()) }),
  "that is only for servers": extended({ [id.purposes]: purposes(id.serverAuth) }),
  "that is for signing code": extended({ [id.purposes]: purposes("1.3.6.1.5.5.7.3.3") }),
  "that is for any purpose": extended({ [id.purposes]: purposes("2.5.29.37.0") }),
  "without extKeyUsage": extended({ [id.purposes]: undefined }),
  "that claims to be a CA": extended({
    [id.basicConstraints]: extension(id.basicConstraints, sequence(hex("0101ff")), true),
  }),
  "with an unknown critical extension": extended({ "1.2.3.4": critical("1.2.3.4") }),
  "with a critical extension from our own arc": extended({ "1.3.6.1.4.1.1": critical("1.3.6.1.4.1.1") }),
});

const keysAndSignatures = changed({
  "with explicit curve parameters": { key: "P-256 explicit" },
  "with a P-521 key": { key: "P-521" },
  "with an RSA-1024 key": { key: "RSA-1024" },
  "with an RSA exponent of 3": { key: "RSA-2048 e=3" },
  "with an Ed25519 key": { key: "Ed25519" },
  "signed with SHA-1": { algorithm: [oids.ecdsaWithSha1, "sha1"] },
});

const forgedSignatures = changed({
  "signed with SHA-256 but declared as SHA-384": { algorithm: [oids.ecdsaWithSha384, "sha256"] },
  "signed by its own key in the name of its authority": ({ issuer }) => ({
    issuer: leafIssuerNamed(issuer.subject, "P-256"),
  }),
});

const ages = changed({
  "that has expired": (world) => ({ notBefore: at(world, -2 * hourMs), notAfter: at(world, -hourMs) }),
  "that expired a second ago": (world) => ({ notAfter: at(world, -1_000) }),
  "that is not yet valid": (world) => ({
    notBefore: at(world, hourMs),
    notAfter: at(world, 2 * hourMs),
    serial: createWorkloadSerial(world.now),
  }),
  "whose token proof is too old": proven(-maxRenewalAgeMs - hourMs),
  "whose token proof is an hour in the future": proven(hourMs),
  "whose token proof is a decade in the future": proven(3650 * dayMs),
  "whose token proof dates from 1970": { serial: hex("7f000000000000000000000000000000") },
  "whose serial number is random and not ours": { serial: randomSerial() },
  "whose serial number is one octet": { serial: hex("01") },
});

const chains: readonly Impostor[] = [
  {
    title: "with six more certificates in its chain",
    forge: (world) => {
      const { chain, key } = leafWith(world);
      return { chain: [...chain, ...Array.from({ length: 5 }, () => world.rootDer)], key };
    },
  },
  {
    title: "issued by a leaf",
    forge(world) {
      const middle = mint(world.issuer, world.now, { subject: sequence() });
      const leaf = mint(leafIssuerNamed(sequence(), "P-256"), world.now);
      return { chain: [leaf, middle, world.intermediate], key: "P-256" };
    },
  },
  {
    title: "issued by a leaf in the name of its authority",
    forge(world) {
      const leaf = mint(world.issuer, world.now, { issuer: leafIssuerNamed(world.issuer.subject, "P-256") });
      return { chain: [leaf, mint(world.issuer, world.now), world.intermediate], key: "P-256" };
    },
  },
  {
    title: "with another key, in front of a valid one",
    forge(world) {
      const forged = mint(leafIssuerNamed(sequence(), "P-384"), world.now, { key: "P-384" });
      return { chain: [forged, ...leafWith(world).chain], key: "P-384" };
    },
  },
  {
    title: "self-signed with a victim's name",
    forge: ({ now }) => ({ chain: [mint(leafIssuerNamed(sequence(), "P-256"), now)], key: "P-256" }),
  },
  {
    title: "self-signed in our authority's name",
    forge: ({ root, now, rootDer }) => ({
      chain: [mint(leafIssuerNamed(root.subject, "P-256"), now), rootDer],
      key: "P-256",
    }),
  },
  {
    title: "self-signed with thousands of names",
    forge: ({ now }) => {
      const many = Array.from({ length: 10_000 }, (_, index) => dns(index.toString(36)));
      const extensions = { [id.names]: names(uri(frontend), ...many) };
      return { chain: [mint(leafIssuerNamed(sequence(), "P-256"), now, { extensions })], key: "P-256" };
    },
  },
];

export const foreignProfiles = { purposesAndUses, keysAndSignatures, forgedSignatures, ages, chains };
