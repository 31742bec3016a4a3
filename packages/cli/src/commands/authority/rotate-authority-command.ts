import { Command } from "commander";
import type { AuthorityStatusMessage } from "../../authority/admin-client.ts";
import { followRotation } from "../../authority/follow-rotation.ts";
import type { OperatorClient } from "../../authority/operator-client.ts";
import { renderRotation } from "../../authority/render-status.ts";
import { CliError } from "../../errors.ts";
import { toJson } from "../../output/json.ts";
import { type CaLocation, flagsOf, operatorClientOf, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

interface RotateOptions extends CaLocation {
  readonly root?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

const help = `
A new key is made each time. The rotation takes its stages by itself, and nothing in the mesh has to be restarted; with
leaves of a day a root takes three to four days. Until the stage retiring, kasbah authority abort goes back.

--wait prints each stage as it begins and ends with exit code 0 when the rotation is done, with 1 when it is aborted.
Ctrl-C leaves the rotation running, and so does a restart of the CA.

Examples
  $ kasbah authority rotate                 the intermediate
  $ kasbah authority rotate --root --wait   the root and its intermediate`;

/** `kasbah authority rotate`. */
export function rotateCommand(deps: CommandDeps): Command {
  const command = new Command("rotate").description(
    "begin to replace the intermediate, or with --root the root and its intermediate",
  );
  return withStateLocation(command)
    .option("--root", "replace the root")
    .option("--wait", "follow the rotation until it is done")
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action((_, own: Command) => rotate(own.optsWithGlobals<RotateOptions>(), deps));
}

async function rotate(o: RotateOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  const client = operatorClientOf(o, deps);
  const begun = await client.rotate(o.root ? "root" : "intermediate");
  const status = o.wait ? await follow(begun, client, o, deps) : begun;
  if (o.json) return screen.write(toJson(status));
  screen.write(renderRotation(status, clock.now()));
  if (o.wait) return;
  const next = `follow it with: kasbah authority status${flagsOf(o)}\n`;
  screen.write(begun.rotation === undefined ? "it is done already: no leaf had to be waited for\n" : next);
}

async function follow(
  begun: AuthorityStatusMessage,
  client: OperatorClient,
  o: RotateOptions,
  { screen, clock, signal }: CommandDeps,
): Promise<AuthorityStatusMessage> {
  const write = (text: string) => {
    if (!o.json) screen.write(text);
  };
  try {
    const { everyMs } = client;
    return await followRotation(begun, { read: () => client.status(), write, clock, signal, everyMs });
  } catch (error) {
    if (!signal.aborted) throw error;
    const where = `kasbah authority status${flagsOf(o)} shows it`;
    throw new CliError("INTERRUPTED", `the rotation goes on by itself; ${where}`);
  }
}
