import { loadPolicy, PolicyError } from "@kasbah/ca-server/policy";
import { Command } from "commander";
import { toJson } from "../output/json.ts";
import type { CommandDeps } from "./command-deps.ts";

const help = `
Reads the file as kasbah-server does, and names every problem with its line.

Exit codes
  0  the CA would take it
  1  it would not, and the policy before would stay in force

Examples
  $ kasbah policy check policy.yaml
  $ kasbah policy check policy.yaml --json | jq -r '.problems[]'`;

/** `kasbah policy …`. */
export function policyCommand(deps: CommandDeps): Command {
  const command = new Command("policy").description("check the rules of who may have which certificate");
  command
    .command("check")
    .description("tell by the exit code whether a file is a policy")
    .argument("<file>", "YAML, as --policy of kasbah-server takes it")
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((file: string, options: { json: boolean }) => check(file, options, deps));
  return command;
}

async function check(file: string, { json }: { json: boolean }, deps: CommandDeps): Promise<void> {
  try {
    const { rules, fallback } = await loadPolicy(file);
    const others = fallback.allow ? "allowed" : "refused";
    const sentence = `${file} is a policy: ${rules.length} rules, and whoever matches none is ${others}\n`;
    deps.screen.write(json ? toJson({ valid: true, rules: rules.length, problems: [] }) : sentence);
  } catch (error) {
    if (!(error instanceof PolicyError) || !json) throw error;
    deps.screen.write(
      toJson({ valid: false, problems: error.problems.length ? error.problems : [error.message] }),
    );
    deps.setExitCode(1);
  }
}
