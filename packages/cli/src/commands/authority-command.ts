import { Command, InvalidArgumentError } from "commander";
import type { AuthorityStatusMessage } from "../authority/admin-client.ts";
import type { OperatorClient } from "../authority/operator-client.ts";
import { renderAuthorities, renderRotation } from "../authority/render-status.ts";
import { renderTold, type Told } from "../authority/told.ts";
import type { CommandWorld } from "./command-world.ts";
import { toJson } from "./json.ts";
import { rotateCommand } from "./rotate-command.ts";
import { type CaLocation, operatorClientOf, withStateLocation } from "./state-location.ts";
import { readStatus } from "./status-source.ts";

interface CommonOptions extends CaLocation {
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
  $ kasbah authority abort --if-epoch 7
  $ kasbah -n kasbah-system authority list        a CA in a cluster: its replicas answer as one`;

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

/** `kasbah authority …`: each talks to the CA over its Unix socket, or to its replicas in a cluster. */
export function authorityCommand(world: CommandWorld): Command {
  const command = new Command("authority")
    .description("show, replace, pause and bring back the CA's roots and intermediates")
    .addHelpText("after", help);
  const add = (name: string, description: string, after: string) =>
    withStateLocation(command.command(name).description(description))
      .option("--json", "print JSON")
      .addHelpText("after", after);
  const tell = (work: Work) => (_: unknown, own: Command) => tellStatus(work, own, world);
  add("list", "every authority with its stage and its end; works on a stopped CA, too", listHelp)
    .option("--all", "show those that have retired, too")
    .action((_, own: Command) => list(own.optsWithGlobals<ListOptions>(), world));
  add("status", "what is under way, and why it waits", statusHelp).action(tell((ca) => ca.status()));
  command.addCommand(rotateCommand(world));
  add("pause", "stop rotations from beginning and from going on", pauseHelp).action(tell((ca) => ca.pause()));
  add("resume", "let rotations begin and go on again", resumeHelp).action(tell((ca) => ca.resume()));
  add("abort", "return to the former authority, which is possible until it retires", abortHelp)
    .option("--if-epoch <n>", "only while the status shows this epoch", parseEpoch)
    .action(tell((ca, { ifEpoch }) => ca.abort(ifEpoch === undefined ? {} : { ifEpoch })));
  return command;
}

type Work = (ca: OperatorClient, options: AbortOptions) => Promise<Told<AuthorityStatusMessage>>;

async function tellStatus(work: Work, own: Command, world: CommandWorld): Promise<void> {
  const options = own.optsWithGlobals<AbortOptions>();
  const status = await work(operatorClientOf(options, world), options);
  const now = world.clock.now();
  const text = () => renderTold(status, (one) => renderRotation(one, now));
  world.screen.write(options.json ? toJson(status) : text());
}

interface ListOptions extends CommonOptions {
  readonly all?: boolean;
}

interface AbortOptions extends CommonOptions {
  readonly ifEpoch?: number;
}

async function list(o: ListOptions, world: CommandWorld): Promise<void> {
  const { screen, clock } = world;
  const { status } = await readStatus(o, world);
  screen.write(
    o.json ? toJson(status) : renderTold(status, (one) => renderAuthorities(one, clock.now(), o.all)),
  );
}

function parseEpoch(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number, as kasbah authority status shows it.");
}
