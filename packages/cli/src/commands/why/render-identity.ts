import { formatDuration, printableText } from "@kasbah/runtime";
import type { IdentityExplanationMessage } from "../../authority/admin-client.ts";
import { fieldLines } from "../../output/field-lines.ts";
import { type Look, plainLook } from "../../output/terminal/look.ts";
import { paint } from "../../output/terminal/paint.ts";

/** Renders the policy rule for an identity, and what it allows. */
export function renderIdentity(explained: IdentityExplanationMessage, look: Look = plainLook): string {
  const { allowed, reason, defaultTtl, maxTtl, onExcess, keyTypes, dnsNames } = explained;
  const verdict = allowed ? "gets certificates" : "gets no certificates";
  const terms: [string, string][] = [
    [
      "lifetime",
      `${formatDuration(defaultTtl)}, at most ${formatDuration(maxTtl)} (if more is requested: ${onExcess})`,
    ],
    ["keys", keyTypes.length === 0 ? "every type that the CA accepts" : keyTypes.join(", ")],
    ["DNS names", dnsNames.length === 0 ? "none" : dnsNames.join(", ")],
    ["rate", explained.rate || "no limit"],
    ["foreign names", explained.onForeignNames],
    ["shared keys", explained.onSharedKey],
  ];
  const lines = fieldLines(
    [
      ["rule", explained.rule],
      ["policy", explained.policyFile || "none: the CA runs without --policy"],
      ["reason", reason],
      ["by issuer", explained.issuerRules.join("\n")],
      ...(allowed ? terms : []),
    ],
    look,
  );
  return `${printableText(explained.spiffeId)}  ${paint(verdict, allowed ? "good" : "warning", look)}\n${lines}`;
}
