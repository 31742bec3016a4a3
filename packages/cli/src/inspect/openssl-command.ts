import { formatHostPort } from "@kasbah/runtime";
import { formatTarget, type Target } from "./target.ts";

const show =
  "openssl x509 -noout -serial -fingerprint -sha256 -dates -ext subjectAltName,basicConstraints,keyUsage";

/** The command that shows the same leaf by other eyes, ready to paste into a shell. */
export function opensslCommand(target: Target): string {
  switch (target.kind) {
    case "file":
      return `${show} -in ${shellWord(target.path)}`;
    case "tls":
      return `openssl s_client -connect ${formatHostPort(target.address)} </dev/null 2>/dev/null | ${show}`;
    case "sds":
      return `kasbah inspect --pem ${shellWord(formatTarget(target))} | ${show}`;
  }
}

/** Quoted when a shell would read more into it than the word itself. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
