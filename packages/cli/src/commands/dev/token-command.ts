import { Command } from "commander";
import type { FolderChoice } from "../../dev/folder/find-folder.ts";
import { parseIdentity } from "../../dev/settings/identity.ts";
import { loadIssuer, mintToken } from "../../dev/tokens.ts";
import type { CommandDeps } from "../command-deps.ts";
import { dirOption } from "./dev-options.ts";
import { openProject } from "./open-project.ts";

interface TokenOptions extends FolderChoice {
  readonly audience: string;
}

const help = `
Prints a token like the one that Kubernetes mounts into a pod, for an agent or another client of the CA that you start
yourself. It is valid for one hour. Anyone who has it can get the identity's certificate from this project's CA.`;

/** `kasbah dev token`. */
export function tokenCommand(deps: CommandDeps): Command {
  return new Command("token")
    .description("print a token with which a client authenticates to the CA")
    .argument("<name>", "identity, such as demo/web")
    .option("--audience <name>", "audience of the token", "istio-ca")
    .addOption(dirOption())
    .addHelpText("after", help)
    .action((name: string, options: TokenOptions) => token(name, options, deps));
}

async function token(text: string, options: TokenOptions, deps: CommandDeps): Promise<void> {
  const identity = parseIdentity("NAME", text);
  const { layout } = await openProject(options, deps);
  const issuer = await loadIssuer(layout.tokens);
  const { audience } = options;
  deps.screen.write(`${await mintToken(issuer, { identity, clock: deps.clock, audience })}\n`);
}
