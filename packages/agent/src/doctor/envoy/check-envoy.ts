import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { describeExpiry } from "../../secret/validity.ts";
import type { AgentView } from "../agent-view.ts";
import { critical, type Observation, passed, skipped, warning } from "../report.ts";
import { type EnvoyAnswer, readEnvoySecrets } from "./envoy-secrets.ts";
import type { EnvoySecret } from "./secret-dump.ts";

const page = "docs/sds.md";

export interface EnvoyCheckOptions {
  readonly admin: HostPort;
  /** The serial of the certificate that the agent serves. */
  readonly servedSerial: string | undefined;
  readonly agent: AgentView | undefined;
  readonly now: Date;
}

/** Compares what Envoy has with what the agent serves, as Envoy and the agent report it. */
export async function checkEnvoy(options: EnvoyCheckOptions): Promise<readonly Observation[]> {
  const answer = await readEnvoySecrets(options.admin);
  return [...judgeRejections(options.agent), ...judgeEnvoy(answer, options)];
}

function judgeRejections(agent: AgentView | undefined): readonly Observation[] {
  return (agent?.rejections ?? []).slice(0, 3).map(({ node, names, complaint }) => {
    const what = `the SDS client ${node} rejected ${names.join(", ")} (NACK): ${complaint}`;
    const fix =
      "correct Envoy's configuration, or the file behind the name; the agent sends the next version";
    return critical("envoy", "SECRET_REJECTED", { what, fix, page });
  });
}

function judgeEnvoy(answer: EnvoyAnswer, options: EnvoyCheckOptions): readonly Observation[] {
  const at = formatHostPort(options.admin);
  if ("problem" in answer) {
    const what = `Envoy was not examined: its admin interface at ${at} does not answer (${answer.problem}); set --envoy-admin if it has another address`;
    return [skipped("envoy", what)];
  }
  const own = answer.secrets.filter(({ name }) => isOurs(name));
  if (own.length === 0) {
    const what = `Envoy at ${at} uses no secret from SDS named default, ROOTCA or a SPIFFE ID`;
    return [skipped("envoy", what)];
  }
  const problems = own.flatMap((secret) => problemOf(secret, options) ?? []);
  if (problems.length > 0) return problems;
  const leaf = own.find(({ serial }) => serial !== undefined);
  const expiry = leaf?.notAfter === undefined ? "" : `, which ${describeExpiry(leaf.notAfter, options.now)}`;
  return [passed("envoy", `${at}: Envoy has the serial ${leaf?.serial ?? "-"}${expiry}`)];
}

function problemOf(
  { name, serial, notAfter, error, isWarming }: EnvoySecret,
  { servedSerial, now }: EnvoyCheckOptions,
): Observation | undefined {
  if (error !== undefined) {
    const what = `Envoy rejected the secret ${name} (NACK): ${error}`;
    const fix =
      "correct Envoy's configuration, such as the accepted names or key types; kasbah-agent sends the next version";
    return critical("envoy", "SECRET_REJECTED", { what, fix, page });
  }
  if (isWarming) {
    const what = `Envoy waits for the secret ${name}, so its listeners and clusters with this secret do not work`;
    const fix =
      servedSerial === undefined
        ? "fix the failure of the agent first: it has no certificate"
        : "point Envoy's SDS cluster at the agent's socket: compare the path in its configuration with --sds-socket, and its user with the socket's mode";
    return critical("envoy", "ENVOY_NO_SECRET", { what, fix, page });
  }
  if (serial !== undefined && servedSerial !== undefined && serial !== servedSerial) {
    const expiry = notAfter === undefined ? "" : `, which ${describeExpiry(notAfter, now)}`;
    const what = `Envoy has another certificate than the agent serves: serial ${serial}${expiry}; the agent's is ${servedSerial}`;
    const fix =
      "check that Envoy's SDS cluster points at this agent's socket and that its connection is alive (cluster statistics), or restart Envoy";
    return warning("envoy", "ENVOY_OLD_CERTIFICATE", { what, fix, page });
  }
  if (notAfter !== undefined && notAfter <= now) {
    const what = `the certificate in Envoy ${describeExpiry(notAfter, now)}`;
    return critical("envoy", "ENVOY_CERTIFICATE_EXPIRED", { what, fix: "fix the agent's renewal", page });
  }
  return undefined;
}

/** Other names belong to files of gateways, which have their own status. */
function isOurs(name: string): boolean {
  return name === "default" || name === "ROOTCA" || name.startsWith("spiffe://");
}
