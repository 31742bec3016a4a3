import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { explainReadFailure } from "@kasbah/runtime/read-failure";
import { readBoundedFile } from "../../bounded-file.ts";
import type { AgentConfig } from "../../config/options.ts";
import { outputLayout } from "../../config/output/layout.ts";
import { describeExpiry } from "../../secret/validity.ts";
import { critical, type Observation, passed, skipped, warning } from "../report.ts";

const page = "docs/output-certs.md";
const maxBytes = 256 * 1024;
/** Parts in PEM that contain the leaf, of which the first block of a certificate is read. */
const withLeaf: ReadonlySet<string> = new Set(["cert-chain", "combined", "credential-bundle"]);

/** Compares the files of `--output-certs` with the certificate that the agent serves. */
export async function checkFiles(
  config: AgentConfig,
  servedSerial: string | undefined,
  now: Date,
): Promise<readonly Observation[]> {
  const { outputCerts: directory } = config;
  if (directory === undefined) return [];
  const file = outputLayout(config).find(({ part }) => withLeaf.has(part));
  if (file === undefined) {
    const what = `${directory} contains only PKCS #12 files, which need a password`;
    return [skipped("files", what)];
  }
  const path = join(directory, file.name);
  try {
    return [judge(path, await readBoundedFile(path, maxBytes), servedSerial, now)];
  } catch (error) {
    const { reason, fix } = await explainReadFailure(path, error);
    const what = `cannot read the output file ${path}: ${reason}`;
    const own = "fix the failure of the agent's renewal, or correct --output-certs";
    return [critical("files", "FILES_UNREADABLE", { what, fix: fix ?? own, page })];
  }
}

function judge(path: string, pem: string, servedSerial: string | undefined, now: Date): Observation {
  const leaf = firstCertificate(pem);
  if (leaf === undefined) {
    const what = `${path} contains no certificate that can be read`;
    return critical("files", "FILES_INVALID", { what, fix: "restart the agent, which writes it", page });
  }
  const serial = leaf.serialNumber.toLowerCase();
  const expiry = describeExpiry(leaf.validToDate, now);
  if (servedSerial !== undefined && BigInt(`0x${serial}`) !== BigInt(`0x${servedSerial}`)) {
    const what = `${path} has the serial ${serial}, which ${expiry}, but the agent serves ${servedSerial}`;
    const fix = "see the agent's log and status for the reason why it cannot write the files";
    return warning("files", "FILES_OLD", { what, fix, page });
  }
  if (leaf.validToDate <= now) {
    const what = `the certificate in ${path} ${expiry}`;
    return critical("files", "FILES_EXPIRED", { what, fix: "fix the failure of the agent's renewal", page });
  }
  return passed("files", `${path}: serial ${serial}, which ${expiry}`);
}

function firstCertificate(pem: string): X509Certificate | undefined {
  const [block] = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/.exec(pem) ?? [];
  try {
    return block === undefined ? undefined : new X509Certificate(block);
  } catch {
    return undefined;
  }
}
