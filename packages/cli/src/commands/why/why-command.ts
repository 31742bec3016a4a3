import { assumedReservedNames, identityExplanation, loadPolicy } from "@kasbah/ca-server/policy";
import { parseSpiffeId } from "@kasbah/pki";
import { ConfigInvalidError, parseDuration } from "@kasbah/runtime";
import { Command } from "commander";
import type { IdentityExplanationMessage } from "../../authority/admin-client.ts";
import { type Replicated, renderReplicated } from "../../authority/replicated.ts";
import { CliError } from "../../errors.ts";
import { namesCluster } from "../../kubectl/cluster-choice.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { type CaLocation, operatorClientOf, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { readDecision } from "./decision-source.ts";
import { explainCode, isCode } from "./explain-code.ts";
import { renderDecision } from "./render-decision.ts";
import { renderIdentity } from "./render-identity.ts";

interface WhyOptions extends CaLocation {
  readonly json: boolean;
  readonly policy?: string;
}

/** The server's default bounds. */
const serverBounds = {
  reservedNames: assumedReservedNames([]),
  defaultTtlMs: parseDuration("24h"),
  maxTtlMs: parseDuration("2160h"),
  ttlCeilingMs: parseDuration("24h"),
  defaultRate: 60,
};

const help = `
A refused caller receives a code and a reference, in the gRPC message and in its agent's log:
  TOKEN_AUDIENCE: the token is for another audience, … (reference 9f2c51d07ab4)
This command shows operators the details: the caller, its address and the underlying causes. It finds calls for as long as
the ledger keeps them. If the CA traces calls, it also finds a call by its trace id. If no CA answers, it reads the ledger in the state directory.

For a code, it shows the cause and the fix: of the CA, the agent or this command.

For a SPIFFE ID, it shows which policy rule applies and what the rule allows: in the policy of the running CA, or with
--policy in a file that no CA has loaded yet.

Examples
  $ kasbah why 9f2c51d07ab4
  $ kasbah why TOKEN_AUDIENCE
  $ kasbah why spiffe://cluster.local/ns/payments/sa/api
  $ kasbah why spiffe://cluster.local/ns/payments/sa/api --policy next-policy.yaml
  $ kasbah why 9f2c51d07ab4 --json | jq -r .fix
  $ kasbah -n kasbah-system why 9f2c51d07ab4           in a cluster: queries all replicas`;

/** `kasbah why`. */
export function whyCommand(deps: CommandDeps): Command {
  const command = new Command("why")
    .description(
      "explain a call by its reference or trace id, a code, or which policy rule applies to an identity",
    )
    .argument(
      "<reference|trace|code|spiffe-id>",
      "the reference, trace id or code from the error message, or spiffe://…",
    )
    .option("--policy <file>", "evaluate this policy file instead of asking a CA");
  return withStateLocation(command)
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((subject: string, _, own: Command) => {
      const options = own.optsWithGlobals<WhyOptions>();
      const why = subject.startsWith("spiffe://") ? whyIdentity : isCode(subject) ? explainCode : whyCall;
      return why(subject, options, deps);
    });
}

async function whyCall(text: string, options: WhyOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  if (options.policy !== undefined || !/^(?:[0-9a-f]{12}|[0-9a-f]{32})$/.test(text)) {
    throw new CliError(
      "TARGET_INVALID",
      "expected a reference of 12 hexadecimal digits, a trace id of 32, a code such as TOKEN_AUDIENCE, or a SPIFFE ID such as spiffe://cluster.local/ns/demo/sa/frontend",
    );
  }
  const decision = await readDecision(text, options, deps);
  screen.write(options.json ? toJson(decision) : renderDecision(decision, clock.now(), lookOf(screen)));
}

async function whyIdentity(text: string, options: WhyOptions, deps: CommandDeps): Promise<void> {
  const { policy } = options;
  if (policy !== undefined && namesCluster(options)) {
    throw new ConfigInvalidError([
      "--policy: evaluates a local file, so it cannot be combined with -n, --context, --kubeconfig or --pod",
    ]);
  }
  const explained: Replicated<IdentityExplanationMessage> =
    policy === undefined
      ? await operatorClientOf(options, deps).explainIdentity(text)
      : identityExplanation(parseSpiffeId(text), { ...(await loadPolicy(policy)), ...serverBounds }, policy);
  deps.screen.write(
    options.json
      ? toJson(explained)
      : renderReplicated(explained, (one) => renderIdentity(one, lookOf(deps.screen))),
  );
}
