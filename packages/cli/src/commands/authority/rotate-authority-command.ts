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
Every rotation generates a new key. The rotation goes through its stages automatically, and nothing in the mesh has to be
restarted. If certificates are valid for a day, a root rotation takes three to four days. Before the stage retiring,
kasbah authority abort switches back to the previous authority.

--wait prints each stage as it begins. It exits with 0 when the rotation is complete, or with 1 if the rotation is aborted.
The rotation continues after Ctrl-C, and after a restart of the CA.

Examples
  $ kasbah authority rotate                 the intermediate
  $ kasbah authority rotate --root --wait   the root and its intermediate`;

/** `kasbah authority rotate`. */
export function rotateCommand(deps: CommandDeps): Command {
  const command = new Command("rotate").description(
    "replace the intermediate, or with --root the root and its intermediate",
  );
  return withStateLocation(command)
    .option("--root", "replace the root")
    .option("--wait", "wait until the rotation is complete")
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
  const next = `follow the rotation with: kasbah authority status${flagsOf(o)}\n`;
  screen.write(
    begun.rotation === undefined
      ? "the rotation is already complete: no certificate was outstanding\n"
      : next,
  );
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
    const where = `check it with kasbah authority status${flagsOf(o)}`;
    throw new CliError("INTERRUPTED", `interrupted, but the rotation continues; ${where}`);
  }
}
