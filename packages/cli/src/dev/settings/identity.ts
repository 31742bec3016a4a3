import { parseWorkloadName, type WorkloadName } from "@kasbah/pki";
import { quoted } from "@kasbah/runtime";
import { usageError } from "./usage-error.ts";

/** Parses `demo/web`. @throws CliError `USAGE_INVALID`, which names the option or argument that it is from */
export function parseIdentity(source: string, text: string): WorkloadName {
  const [namespace = "", account = "", ...rest] = text.split("/");
  try {
    if (rest.length > 0) throw new TypeError("more than one slash");
    return parseWorkloadName(namespace, account);
  } catch (cause) {
    throw usageError(
      `${source}: expected NAMESPACE/ACCOUNT in lower case, such as demo/web, got ${quoted(text)}`,
      cause,
    );
  }
}

/** The form that `parseIdentity` reads. */
export function formatIdentity({ namespace, serviceAccount }: WorkloadName): string {
  return `${namespace}/${serviceAccount}`;
}

export function workloadIdOf(trustDomain: string, { namespace, serviceAccount }: WorkloadName): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}
