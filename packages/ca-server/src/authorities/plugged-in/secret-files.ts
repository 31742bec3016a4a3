import { createHash } from "node:crypto";
import { StateError } from "../../errors.ts";
import type { PluggedInFiles } from "./files.ts";
import { fileNames, istioNames, secretNames } from "./layout.ts";

/** The files that a mounted Secret would contain. @throws StateError `PLUGGED_IN_INCOMPLETE` naming the missing ones */
export function filesOfSecret(place: string, data: Readonly<Record<string, string>>): PluggedInFiles {
  const names = secretNames.certificate in data ? secretNames : istioNames;
  const missing = fileNames(names).filter((name) => data[name] === undefined);
  if (missing.length > 0) {
    throw new StateError(
      "PLUGGED_IN_INCOMPLETE",
      `${place} does not contain ${missing.join(", ")}: a plugged-in CA consists of ${fileNames(names).join(", ")}`,
    );
  }
  const text = (name: string | undefined) =>
    name === undefined ? "" : Buffer.from(data[name] ?? "", "base64").toString("utf8");
  return {
    certificate: text(names.certificate),
    key: text(names.key),
    chain: text(names.chain),
    roots: text(names.roots),
    digest: createHash("sha256").update(JSON.stringify(data)).digest("hex"),
    names,
  };
}
