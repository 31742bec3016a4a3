import { loadPolicy, PolicyError } from "@kasbah/ca-server/policy";
import { Command } from "commander";
import { toJson } from "../output/json.ts";
import type { CommandDeps } from "./command-deps.ts";

const help = `
Parses the file exactly as kasbah-server does, and reports every problem with its line number.

Exit codes
  0  the policy is valid
  1  the policy is invalid; a CA would keep its previous policy

Examples
  $ kasbah policy check policy.yaml
  $ kasbah policy check policy.yaml --json | jq -r '.problems[]'`;

/** `kasbah policy …`. */
export function policyCommand(deps: CommandDeps): Command {
  const command = new Command("policy").description(
    "validate the policy that decides which identities get certificates",
  );
  command
    .command("check")
    .description("validate a policy file; the exit code is the result")
    .argument("<file>", "YAML file, as for kasbah-server --policy")
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((file: string, options: { json: boolean }) => check(file, options, deps));
  return command;
}

async function check(file: string, { json }: { json: boolean }, deps: CommandDeps): Promise<void> {
  try {
    const { rules, fallback } = await loadPolicy(file);
    const others = fallback.allow ? "allowed" : "refused";
    const count = rules.length === 1 ? "1 rule" : `${rules.length} rules`;
    const sentence = `${file} is valid: ${count}; identities that match no rule are ${others}\n`;
    deps.screen.write(json ? toJson({ valid: true, rules: rules.length, problems: [] }) : sentence);
  } catch (error) {
    if (!(error instanceof PolicyError) || !json) throw error;
    deps.screen.write(
      toJson({ valid: false, problems: error.problems.length ? error.problems : [error.message] }),
    );
    deps.setExitCode(1);
  }
}
