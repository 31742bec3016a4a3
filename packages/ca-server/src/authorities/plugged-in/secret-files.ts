import { createHash, X509Certificate } from "node:crypto";
import { type Certificate, findCertificates, PkiError, parseCertificate } from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import type { PluggedInFiles } from "./files.ts";
import { fileNames, istioNames, type PluggedInNames, secretNames } from "./layout.ts";

/**
 * `mounted`: as a directory, which must contain every file of its layout. `take-over`: as istiod leaves it; beside a
 * self-signed root, istiod stores neither a root file nor a chain.
 */
export type SecretUse = "mounted" | "take-over";

/**
 * Returns the files of the CA in the data of a Secret, in istiod's layout or that of a TLS Secret, as cert-manager
 * writes it.
 * @throws StateError `PLUGGED_IN_INCOMPLETE` naming what is missing
 */
export function filesOfSecret(
  place: string,
  data: Readonly<Record<string, string>>,
  use: SecretUse,
): PluggedInFiles {
  const names = secretNames.certificate in data ? secretNames : istioNames;
  const text = (name: string | undefined) =>
    name === undefined ? "" : Buffer.from(data[name] ?? "", "base64").toString("utf8");
  const needed = use === "mounted" ? fileNames(names) : [names.certificate, names.key];
  const isMissing = (name: string) => data[name] === undefined || (use === "take-over" && data[name] === "");
  refuseMissing(needed.filter(isMissing), Object.keys(data), place);
  const files = { certificate: text(names.certificate), key: text(names.key), chain: text(names.chain) };
  const roots = text(names.roots);
  return {
    ...files,
    roots: roots === "" && use === "take-over" ? rootsInChain(files, names, place) : roots,
    digest: digestOf(fileNames(names).map((name) => [name, data[name] ?? ""])),
    names,
  };
}

function refuseMissing(missing: readonly string[], present: readonly string[], place: string): void {
  if (missing.length === 0) return;
  const seen = present.length === 0 ? "nothing" : present.toSorted().slice(0, 10).join(", ");
  throw new StateError(
    "PLUGGED_IN_INCOMPLETE",
    `${place} does not contain ${missing.join(" and ")}, only ${seen}: a CA consists of ${fileNames(istioNames).join(", ")}, or of ${fileNames(secretNames).join(", ")}`,
  );
}

/** An intermediate is never a root. */
function rootsInChain(
  { certificate, chain }: Pick<PluggedInFiles, "certificate" | "chain">,
  names: PluggedInNames,
  place: string,
): string {
  const found = certificatesOf(certificate, chain);
  const roots = found.filter((one) => one.isIssuedBy(one));
  if (roots.length > 0 || found.length === 0)
    return roots.map((root) => root.toPem()).join("") || certificate;
  const top = found.at(-1);
  const issuer = new X509Certificate(top?.der ?? "").issuer.split("\n").join(", ");
  throw new StateError(
    "PLUGGED_IN_INCOMPLETE",
    `${place} does not contain ${names.roots}, and its other files contain no root: expected the root ${issuer}, which clients trust: add it as ${names.roots}`,
  );
}

/** Empty if one is malformed: the parser of the whole set then names the file and the rule. */
function certificatesOf(...texts: readonly string[]): readonly Certificate[] {
  try {
    return texts.flatMap((text) => findCertificates(text, parseCertificate));
  } catch (error) {
    if (error instanceof PkiError) return [];
    throw error;
  }
}

function digestOf(facts: readonly (readonly [string, string])[]): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}
