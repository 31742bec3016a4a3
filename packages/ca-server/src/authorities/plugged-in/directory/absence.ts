import { readdir } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { StateError } from "../../../errors.ts";
import { fileNames, istioNames } from "../layout.ts";

const maxNames = 10;

/** Describes a directory without any file of a plugged-in CA, so that an operator sees a typo or a failed mount. */
export async function describeAbsence(directory: string): Promise<string> {
  try {
    const names = (await readdir(directory)).filter((name) => !name.startsWith("..")).sort();
    if (names.length === 0) return `${directory} is empty`;
    const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : "";
    return `${directory} contains only ${names.slice(0, maxNames).join(", ")}${more}`;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return `${directory} does not exist`;
    return `cannot read ${await describeReadFailure(directory, error, "name a directory")}`;
  }
}

/**
 * A named directory without a CA: its content is missing by mistake, and a root of our own in its place would
 * split the mesh. @param absence by {@link describeAbsence}
 */
export function pluggedInMissing(absence: string): StateError {
  return new StateError(
    "PLUGGED_IN_INCOMPLETE",
    `--root-ca-dir is set, but ${absence}, expected ${fileNames(istioNames).join(", ")} or tls.crt, tls.key, ca.crt: correct the path or the mount; remove --root-ca-dir only if the CA is to create a root of its own`,
  );
}
