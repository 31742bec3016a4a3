import { X509Certificate } from "node:crypto";
import type { Certificate } from "@kasbah/pki";
import { chainFileOf, type PluggedInNames } from "./layout.ts";

const maxShownLength = 200;

/** Names a certificate by its file and subject, for messages. */
export type Describe = (certificate: Certificate) => string;

/** Names the certificates of a set by their files. */
export function describeIn(
  names: PluggedInNames,
  { signer, roots }: { readonly signer: Certificate; readonly roots: readonly Certificate[] },
): Describe {
  const fileOf = (one: Certificate) => {
    if (one.equals(signer)) return names.certificate;
    return roots.some((root) => root.equals(one)) ? names.roots : chainFileOf(names);
  };
  return (one) => `${fileOf(one)} (${oneLineSubject(one)})`;
}

/** OpenSSL puts each part of a name on its own line, and returns nothing for an empty name. */
export function oneLine(name: string | undefined): string {
  const line = (name ?? "").split("\n").join(", ").slice(0, maxShownLength);
  return line === "" ? "without a name" : line;
}

/** Names a certificate that is in no file by its subject. */
export function oneLineSubject(certificate: Certificate): string {
  return oneLine(new X509Certificate(certificate.der).subject);
}
