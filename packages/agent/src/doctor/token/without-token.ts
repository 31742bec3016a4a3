import type { AgentConfig } from "../../config/options.ts";
import { describeExpiry } from "../../secret/validity.ts";
import type { AgentAnswer } from "../agent-view.ts";
import { type DoctorFinding, isFinding, type Observation, passed } from "../report.ts";
import type { TokenCheck } from "./check-token.ts";

/** Problems that leave the agent without a token, as opposed to one that contradicts its settings. */
const absences: readonly string[] = ["TOKEN_UNREADABLE", "TOKEN_EMPTY", "TOKEN_EXPIRED"];

/**
 * The findings about the token, for an agent that may need none: it can also authenticate with `--prov-cert`, or with
 * its own certificate while that is valid. So machines are enrolled with a token that expires soon.
 */
export function withoutToken(
  { observations, claims }: TokenCheck,
  { provCert, tokenOnly }: Pick<AgentConfig, "provCert" | "tokenOnly">,
  agent: AgentAnswer,
  now: Date,
): readonly Observation[] {
  if (provCert !== undefined)
    return observations.map((one) => lowered(one, "--prov-cert authenticates the agent"));
  const view = agent.kind === "running" ? agent.view : undefined;
  const { certificate, lastFailure } = view ?? {};
  if (tokenOnly || certificate === undefined || certificate.notAfter <= now) return observations;
  const { receivedAt } = certificate;
  const expiresAt = claims?.expiresAt;
  const hasRenewed = receivedAt !== undefined && expiresAt !== undefined && receivedAt > expiresAt;
  return observations.map((one) => {
    if (!isFinding(one) || !absences.includes(one.code)) return one;
    if (one.code === "TOKEN_EXPIRED" && hasRenewed && lastFailure === undefined) {
      return passed("token", `${one.what}, and the agent has renewed with its own certificate since`);
    }
    const until = describeExpiry(certificate.notAfter, now);
    return lowered(one, `the agent can renew with its own certificate, which ${until}, if the CA accepts it`);
  });
}

function lowered(one: Observation, reason: string): Observation {
  if (!isFinding(one) || one.area !== "token") return one;
  return { ...one, level: "warning", what: `${one.what}; ${reason}` } satisfies DoctorFinding;
}
