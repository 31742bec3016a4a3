import { describeSkippedRoot } from "@kasbah/pki";
import { type Look, plainLook } from "../output/terminal/look.ts";
import { viewOf } from "./certificate-view.ts";
import { inspectFile } from "./file.ts";
import type { Findings } from "./findings.ts";
import { opensslCommand } from "./openssl-command.ts";
import { type Report, renderReport } from "./render.ts";
import { inspectSdsServer } from "./sds-server.ts";
import { formatTarget, parseTarget, type Target } from "./target.ts";
import { inspectTlsServer } from "./tls-server.ts";

export type InspectFormat = "text" | "json" | "pem";

const deadlineMs = 5000;

/** Renders the certificates at `text`, never a key. @throws CliError, PkiError */
export async function inspect(
  text: string,
  format: InspectFormat,
  now: Date,
  look: Look = plainLook,
): Promise<string> {
  const target = parseTarget(text);
  const findings = await findingsOf(target);
  if (format === "pem") return findings.chain.map((certificate) => certificate.toPem()).join("");
  const report = reportOf(target, findings, now);
  return format === "json" ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report, look);
}

/** Fetches the certificates of a target. */
export function findingsOf(target: Target): Promise<Findings> {
  switch (target.kind) {
    case "file":
      return inspectFile(target.path);
    case "tls":
      return inspectTlsServer(target.address, deadlineMs);
    case "sds":
      return inspectSdsServer(target.path, deadlineMs);
  }
}

function reportOf(target: Target, { chain, roots, skipped = [] }: Findings, now: Date): Report {
  return {
    target: formatTarget(target),
    chain: chain.map((certificate) => viewOf(certificate, now)),
    ...(roots ? { roots: roots.map((certificate) => viewOf(certificate, now)) } : {}),
    ...(skipped.length === 0 ? {} : { skipped: skipped.map(describeSkippedRoot) }),
    openssl: opensslCommand(target),
  };
}
