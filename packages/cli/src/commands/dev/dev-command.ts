import { Command } from "commander";
import type { CommandDeps } from "../command-deps.ts";
import { certCommand } from "./cert-command.ts";
import { downCommand } from "./down-command.ts";
import { devRunCommand } from "./run-command.ts";
import { devStatusCommand } from "./status-command.ts";
import { tokenCommand } from "./token-command.ts";
import { upCommand } from "./up-command.ts";

const help = `
Everything lives in the folder .kasbah of your project, which git ignores. Two projects on one machine have two CAs.

Examples
  $ kasbah dev run --as demo/api --listen 9443:9080 -- python3 -m http.server 9080
  $ kasbah dev run --as demo/web --listen 8443:8080 --upstream 9001=demo/api@localhost:9443 -- python3 -m http.server 8080
  $ curl http://localhost:9001/                    enters demo/web's Envoy, which calls demo/api by mTLS
  $ kasbah dev cert demo/me --out certs            key, chain and roots for a program without Envoy
  $ kasbah dev down --purge                        stop everything and delete the keys

The guide is docs/laptop.md. Never trust these keys outside of development.`;

/** `kasbah dev …`. */
export function devCommand(deps: CommandDeps): Command {
  const command = new Command("dev")
    .description("run your own programs with mTLS on this machine")
    // Options of the program after `--` are its own.
    .enablePositionalOptions()
    .addHelpText("after", help);
  const commands = [
    devRunCommand(deps),
    certCommand(deps),
    tokenCommand(deps),
    devStatusCommand(deps),
    upCommand(deps),
    downCommand(deps),
  ];
  for (const each of commands) command.addCommand(each);
  return command;
}
