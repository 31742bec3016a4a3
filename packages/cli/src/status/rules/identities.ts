import { timeAndDistance } from "../../output/relative-time.ts";
import type { StatusFinding } from "../finding.ts";
import type { StatusIdentities } from "../report.ts";
import { commandFor, type RuleContext } from "./rule.ts";

/** Agents renew at about half of the lifetime, so a workload that runs is rarely late; one that was deleted is. */
const manyShare = 0.5;
const few = 3;

/** Identities whose certificate should have been renewed. */
export function judgeIdentities(
  identities: StatusIdentities | undefined,
  context: RuleContext,
): readonly StatusFinding[] {
  const [next] = identities?.soonest ?? [];
  if (identities === undefined || identities.late === 0 || next === undefined) return [];
  const { live, late } = identities;
  const isMany = late >= few && late >= live * manyShare;
  const subject = late === 1 ? "1 identity has" : `${late} of ${live} identities have`;
  const list = commandFor(context, "identities");
  return [
    {
      level: isMany ? "warning" : "ok",
      ...{ area: "identities", code: "IDENTITIES_EXPIRE_SOON" },
      what: `${subject} not renewed for three quarters of the lifetime; ${next.spiffeId} expires at ${timeAndDistance(next.notAfter, context.now)}`,
      fix: isMany
        ? `${commandFor(context, "refusals")} shows whether the CA refuses them; otherwise look at the agents' logs`
        : `nothing, if the workload was deleted; otherwise look at its agent's log (${list} shows its pod)`,
      page: "docs/runbooks/certificate-not-renewed.md",
    },
  ];
}
