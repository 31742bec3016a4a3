import { printableText } from "@kasbah/runtime";
import type { DecisionMessage } from "../../authority/admin-client.ts";
import { fieldLines } from "../../output/field-lines.ts";
import { timeAndDistance } from "../../output/relative-time.ts";
import { type Look, plainLook } from "../../output/terminal/look.ts";
import { paint } from "../../output/terminal/paint.ts";

/** Renders everything that the CA recorded about one call. */
export function renderDecision(
  decision: DecisionMessage & { readonly replica?: string },
  now: Date,
  look: Look = plainLook,
): string {
  const { code, referenceId, problem, fix } = decision;
  const verdict = code === "ISSUED" ? "a certificate was issued" : `refused: ${code}`;
  const lines = fieldLines(
    [
      ["trace", decision.traceId],
      ["when", timeAndDistance(decision.time, now)],
      ["caller", decision.caller || "not authenticated"],
      ["credential", decision.credential],
      ["pod", decision.pod],
      ["node", decision.node],
      ["from", decision.peerAddress],
      ["replica", decision.replica ?? ""],
      ["requested", decision.subject === decision.caller ? "" : decision.subject],
      ["rule", decision.rule],
      ["problem", problem],
      ["expected", decision.expected],
      ["seen", decision.seen],
      ["fix", fix, "strong"],
      ["serial", decision.serial],
      ["ignored", decision.ignored.join(", ")],
      ["disregarded", decision.disregarded.join(", ")],
      ...decision.causes.map((cause, index): [string, string] => [index === 0 ? "because" : "", cause]),
    ],
    look,
  );
  const tone = code === "ISSUED" ? "good" : "warning";
  return `${printableText(referenceId)}  ${paint(printableText(verdict), tone, look)}\n${lines}`;
}
