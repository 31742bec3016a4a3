import { assumedReservedNames, PolicyError, type PolicyReview, reviewPolicy } from "@kasbah/ca-server/policy";
import { Command } from "commander";
import { toJson } from "../output/json.ts";
import type { CommandDeps } from "./command-deps.ts";

const help = `
Parses the file as kasbah-server does, and reports every problem with its line number. It also rejects DNS names of the CA
itself, and templates that give two workloads the same name; a CA that already runs with such a policy keeps it and warns.
Pass the --server-san options of your kasbah-server, whose names are the CA's as well.

Exit codes
  0  the policy is valid; there may be warnings
  1  the policy is invalid

Examples
  $ kasbah policy check policy.yaml
  $ kasbah policy check policy.yaml --server-san ca.example
  $ kasbah policy check policy.yaml --json | jq -r '.problems[]'`;

interface CheckOptions {
  readonly json: boolean;
  readonly serverSan: readonly string[];
}

/** `kasbah policy …`. */
export function policyCommand(deps: CommandDeps): Command {
  const command = new Command("policy").description(
    "validate the policy that decides which identities get certificates",
  );
  command
    .command("check")
    .description("validate a policy file; the exit code is the result")
    .argument("<file>", "YAML file, as for kasbah-server --policy")
    .option("--server-san <name>", "additional name of the CA's server; repeatable", collect, [])
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((file: string, options: CheckOptions) => check(file, options, deps));
  return command;
}

function collect(value: string, others: readonly string[]): readonly string[] {
  return [...others, value];
}

async function check(file: string, { json, serverSan }: CheckOptions, deps: CommandDeps): Promise<void> {
  const review = await reviewOrUnreadable(file, serverSan, json);
  const { problems } = review;
  if (problems.length > 0 && !json) throw new PolicyError(`${file} is not a valid policy`, problems);
  deps.screen.write(json ? toJson(reviewJson(review)) : render(file, review));
  if (problems.length > 0) deps.setExitCode(1);
}

/** With `--json`, a file that cannot be read is a problem like any other. */
async function reviewOrUnreadable(
  file: string,
  serverSan: readonly string[],
  json: boolean,
): Promise<PolicyReview> {
  try {
    return await reviewPolicy(file, assumedReservedNames(serverSan));
  } catch (error) {
    if (!(error instanceof PolicyError) || !json) throw error;
    return { policy: undefined, problems: [error.message], advice: [] };
  }
}

function reviewJson({ policy, problems, advice: warnings }: PolicyReview) {
  if (problems.length > 0 || policy === undefined) return { valid: false, problems, warnings };
  return { valid: true, rules: policy.rules.length, problems, warnings };
}

function render(file: string, { policy, advice }: PolicyReview): string {
  const others = policy?.fallback.allow ? "allowed" : "refused";
  const rules = policy?.rules.length ?? 0;
  const count = rules === 1 ? "1 rule" : `${rules} rules`;
  const sentence = `${file} is valid: ${count}; identities that match no rule are ${others}`;
  return `${[sentence, ...advice.map((text) => `  warning: ${text}`)].join("\n")}\n`;
}
