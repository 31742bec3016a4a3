import { formatHostPort } from "@kasbah/runtime";
import { shellWord } from "../output/shell-word.ts";
import { formatTarget, type Target } from "./target.ts";

const show =
  "openssl x509 -noout -serial -fingerprint -sha256 -dates -ext subjectAltName,basicConstraints,keyUsage";

/** The openssl command that shows the same leaf independently, quoted for a shell. */
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
