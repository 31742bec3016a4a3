import { Command, InvalidArgumentError } from "commander";
import type { AuthorityStatusMessage } from "../authority/admin-client.ts";
import { renderAuthorities, renderRotation } from "../authority/render-status.ts";
import type { CommandWorld } from "./command-world.ts";
import { toJson } from "./json.ts";
import { rotateCommand } from "./rotate-command.ts";
import { adminClientOf, type StateLocation, withStateLocation } from "./state-location.ts";
import { readStatus } from "./status-source.ts";

interface CommonOptions extends StateLocation {
  readonly json?: boolean;
}

const help = `
A rotation goes through stages, and none begins before every leaf has ended that was issued before the last one:
  prepared     the keys of the new authority are made
  distributed  the new root is in every trust bundle that is handed out; the old authority signs
  active       the new authority signs; abort goes back
  retiring     the old authority never signs again and stays trusted until its last leaf has ended
  retired      the old root is in no trust bundle any more

Examples
  $ kasbah authority list
  $ kasbah authority rotate --root --wait
  $ kasbah authority status --json | jq .rotation
  $ kasbah authority abort --if-epoch 7`;

const listHelp = `
SIGNS says which authorities make up the chain of every leaf that is issued now. All that are distributed, active or
retiring are trusted. The socket of a running CA is for its user alone; a stopped CA is read from its state directory.`;

const statusHelp = `
A stage waits for the leaves that were issued before it began: "earliest" is when the last of them ends. Nothing has to
be done then, the CA goes on by itself. The epoch grows with every transition: abort --if-epoch holds a script to it.`;

const pauseHelp = `
The stage that was reached holds, however long: certificates are issued and every trusted authority stays trusted.
Authorities come closer to their end meanwhile, so watch them with kasbah check. Go on with kasbah authority resume.`;

const resumeHelp = `
It takes back a pause, and also what follows an abort: that no rotation starts by itself.`;

const abortHelp = `
distributed  the new root leaves the trust bundle, and the rotation is over
active       the former authority signs again at once; the new one stays trusted until its leaves have ended
retiring     refused, the former authority has promised to sign no more: rotate again instead

None starts by itself afterwards, until kasbah authority resume or rotate.

Example, for a script that decides on what it has seen
  $ epoch=$(kasbah authority status --json | jq .epoch)
  $ kasbah authority abort --if-epoch "$epoch"`;

/** `kasbah authority …`: each talks to the CA over its Unix socket. */
export function authorityCommand(world: CommandWorld): Command {
  const command = new Command("authority")
    .description("show, replace, pause and bring back the CA's roots and intermediates")
    .addHelpText("after", help);
  const add = (name: string, description: string, after: string) =>
    withStateLocation(command.command(name).description(description))
      .option("--json", "print JSON")
      .addHelpText("after", after);
  const show = (status: AuthorityStatusMessage, { json }: CommonOptions) =>
    world.screen.write(json ? toJson(status) : renderRotation(status, world.clock.now()));
  add("list", "every authority with its stage and its end; works on a stopped CA, too", listHelp)
    .option("--all", "show those that have retired, too")
    .action((o: ListOptions) => list(o, world));
  add("status", "what is under way, and why it waits", statusHelp).action(async (o: CommonOptions) =>
    show(await adminClientOf(o, world).status(), o),
  );
  command.addCommand(rotateCommand(world));
  add("pause", "stop rotations from beginning and from going on", pauseHelp).action(
    async (o: CommonOptions) => show(await adminClientOf(o, world).pause(), o),
  );
  add("resume", "let rotations begin and go on again", resumeHelp).action(async (o: CommonOptions) =>
    show(await adminClientOf(o, world).resume(), o),
  );
  add("abort", "return to the former authority, which is possible until it retires", abortHelp)
    .option("--if-epoch <n>", "only while the status shows this epoch", parseEpoch)
    .action(async (o: AbortOptions) => {
      const guard = o.ifEpoch === undefined ? {} : { ifEpoch: o.ifEpoch };
      show(await adminClientOf(o, world).abort(guard), o);
    });
  return command;
}

interface ListOptions extends CommonOptions {
  readonly all?: boolean;
}

interface AbortOptions extends CommonOptions {
  readonly ifEpoch?: number;
}

async function list(o: ListOptions, world: CommandWorld): Promise<void> {
  const { screen, clock } = world;
  const status = await readStatus(o, world);
  screen.write(o.json ? toJson(status) : renderAuthorities(status, clock.now(), o.all));
}

function parseEpoch(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number, as kasbah authority status shows it.");
}
