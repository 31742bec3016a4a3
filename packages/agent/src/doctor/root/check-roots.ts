import { X509Certificate } from "node:crypto";
import { describeSkippedRoot, PkiError, readBundle, type TrustBundle } from "@kasbah/pki";
import { printableText } from "@kasbah/runtime";
import { explainReadFailure } from "@kasbah/runtime/read-failure";
import { readBoundedFile } from "../../bounded-file.ts";
import { maxRootsBytes } from "../../ca/roots/held-roots.ts";
import type { AgentConfig } from "../../config/options.ts";
import { caRootPath } from "../../config/places.ts";
import { describeExpiry } from "../../secret/validity.ts";
import { critical, type Observation, passed, skipped, warning } from "../report.ts";

const page = "docs/trust-bundles.md";
const maxShown = 3;

export interface RootCheck {
  readonly observations: readonly Observation[];
  /** The roots of the file; undefined if there is none that can be read. */
  readonly bundle: TrustBundle | undefined;
  /** Whether the operating system's roots are used instead of a file. */
  readonly isSystem: boolean;
}

/** Reads the root file as the agent does. */
export async function checkRoots(
  config: Pick<AgentConfig, "caRoot" | "provCert">,
  now: Date,
): Promise<RootCheck> {
  const path = caRootPath(config);
  if (path === "SYSTEM") {
    const what = "the agent trusts the roots of the operating system for the CA's TLS";
    return { observations: [skipped("root", what)], bundle: undefined, isSystem: true };
  }
  const read = await readRoots(path);
  if ("code" in read) return { observations: [read], bundle: undefined, isSystem: false };
  const { bundle, skipped: unused } = read;
  const odd = unused.map((one) => {
    const what = `a root in ${path} is not used: ${describeSkippedRoot(one)}`;
    return warning("root", "ROOT_SKIPPED", { what, fix: "remove it from the file, or replace it", page });
  });
  return { observations: [...odd.slice(0, 1), judge(bundle, path, now)], bundle, isSystem: false };
}

async function readRoots(path: string) {
  const mount = `write the CA's roots there as PEM (in Kubernetes, mount the ConfigMap istio-ca-root-cert), or set --ca-root`;
  try {
    return readBundle(await readBoundedFile(path, maxRootsBytes));
  } catch (error) {
    if (error instanceof PkiError) {
      const what = `the root file ${path} cannot be used: ${error.message}`;
      return critical("root", "ROOTS_UNREADABLE", { what, fix: mount, page });
    }
    const { reason, fix = mount } = await explainReadFailure(path, error);
    const what = `cannot read the root file ${path}: ${reason}`;
    return critical("root", "ROOTS_UNREADABLE", { what, fix, page });
  }
}

function judge({ roots }: TrustBundle, path: string, now: Date): Observation {
  const live = roots.filter(({ notAfter }) => notAfter > now);
  const [first = roots[0]] = live;
  if (live.length === 0 && first !== undefined) {
    const what = `every root in ${path} has expired: ${describeRoot(first.der, first.fingerprint)} ${describeExpiry(first.notAfter, now)}`;
    const fix =
      "replace the file by the CA's present roots; if they have expired too, see docs/runbooks/expired-root.md; if the time is not in the past, set the local clock";
    return critical("root", "ROOT_EXPIRED", { what, fix, page: "docs/runbooks/expired-root.md" });
  }
  if (live.every(({ notBefore }) => notBefore > now) && first !== undefined) {
    const what = `the roots in ${path} are not yet valid: ${describeRoot(first.der, first.fingerprint)} begins at ${first.notBefore.toISOString()}`;
    return critical("clock", "CLOCK_BEHIND", { what, fix: "set the local clock" });
  }
  const shown = live.slice(0, maxShown).map((one) => describeRoot(one.der, one.fingerprint));
  const more = live.length > maxShown ? ` and ${live.length - maxShown} more` : "";
  return passed("root", `${path}: ${shown.join(", ")}${more}`);
}

/** Subject and SHA-256 of a root. */
function describeRoot(der: Uint8Array, fingerprint: string): string {
  const subject = new X509Certificate(der).subject?.split("\n").join(", ") ?? "no subject";
  return `"${printableText(subject, 100)}" (SHA-256 ${fingerprint})`;
}
