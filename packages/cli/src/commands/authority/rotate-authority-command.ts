import type { AuthorityOperations, StoppedCa } from "@kasbah/ca-server/state";
import { ConfigInvalidError } from "@kasbah/runtime";
import { Command, InvalidArgumentError } from "commander";
import type { AuthorityStatusMessage } from "../../authority/admin-client.ts";
import { followRotation } from "../../authority/follow-rotation.ts";
import type { OperatorClient } from "../../authority/operator-client.ts";
import { renderRotation } from "../../authority/render-status.ts";
import { CliError } from "../../errors.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { flagsOf, operatorClientOf, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { runDistrust } from "./distrust-command.ts";
import { readStatus } from "./status-source.ts";
import { type ActOptions, type AuthorityAct, actOnStatus, withStoppedCa } from "./stopped-ca.ts";

interface RotateOptions extends ActOptions {
  readonly root?: boolean;
  readonly continue?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
  readonly compromised?: boolean;
  readonly yes?: boolean;
}

const help = `
Every rotation generates a new key. The rotation goes through its stages automatically, and nothing in the mesh has to be
restarted. If certificates are valid for a day, a root rotation takes three to four days. Before the stage retiring,
kasbah authority abort switches back to the previous authority.

--wait prints each stage as it begins. It exits with 0 when the rotation is complete, or with 1 if the rotation is aborted.
The rotation continues after Ctrl-C, and after a restart of the CA.

--compromised is for a stolen key: it replaces the authority without any stage, distrusts the old one at once and destroys
its key (see kasbah authority distrust --help). Without --yes it shows the outage that this causes and changes nothing.

Clients with a fixed root file (CA_ROOT_CA, --ca-root) accept the CA until the old root expires: while its key exists, the CA
lets the old root certify the new one. If the key of a plugged-in root is elsewhere, the CA cannot. The old root then stays
until every client has shown that it holds the new one; kasbah authority status lists the others. Stock clients show nothing.
Update their root files, then run:
  $ kasbah authority rotate --root --continue

Examples
  $ kasbah authority rotate                 the intermediate
  $ kasbah authority rotate --root --wait   the root and its intermediate
  $ kasbah authority rotate --root --compromised   what would happen if the root were distrusted now`;

/** `kasbah authority rotate`. */
export function rotateCommand(deps: CommandDeps): Command {
  const command = new Command("rotate").description(
    "replace the intermediate, or with --root the root and its intermediate",
  );
  return withStoppedCa(withStateLocation(command))
    .option("--root", "replace the root")
    .option("--continue", "with --root: retire the old root although clients may not hold the new one")
    .option("--wait", "wait until the rotation is complete")
    .option("--compromised", "skip all stages and distrust the old authority; a dry run unless --yes is set")
    .option("--yes", "with --compromised: do it")
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action((_, own: Command) => rotate(own.optsWithGlobals<RotateOptions>(), deps));
}

async function rotate(o: RotateOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  if (o.compromised) {
    const { status } = await readStatus(o, deps);
    return await runDistrust(signerOf(status, o.root), o, deps);
  }
  if (o.yes) throw new ConfigInvalidError(["--yes: has no effect without --compromised; remove it"]);
  const { answer: begun, isRunning } = await actOnStatus(actOf(o), o, deps);
  const follows = o.wait === true && isRunning;
  const status = follows ? await follow(begun, operatorClientOf(o, deps), o, deps) : begun;
  if (o.json) return screen.write(toJson(status));
  screen.write(renderRotation(status, clock.now(), lookOf(screen)));
  if (follows) return;
  screen.write(
    begun.rotation === undefined
      ? complete(o)
      : `follow the rotation with: kasbah authority status${flagsOf(o)}\n`,
  );
}

function complete({ root }: RotateOptions): string {
  const clients =
    "; clients with a fixed root file need the new trust bundle (docs/runbooks/expired-root.md)";
  return `the rotation is already complete: no certificate was outstanding${root ? clients : ""}\n`;
}

/** The authority in the signing chain that the command replaces. */
function signerOf({ authorities }: AuthorityStatusMessage, isRoot = false): string {
  const chain = authorities.filter(({ signs }) => signs);
  const found = chain.find(({ kind }) => kind === (isRoot ? "root" : "intermediate"));
  if (found !== undefined) return found.id;
  throw new CliError("OPERATION_REFUSED", "the root signs workload certificates directly: add --root");
}

/** The operation that the options request. */
function actOf(o: RotateOptions): AuthorityAct<AuthorityStatusMessage> {
  const kind = o.root ? "root" : "intermediate";
  if (o.continue && !o.root)
    throw new InvalidArgumentError("--continue needs --root: only a rotation of the root waits for clients.");
  const work = (ca: AuthorityOperations | OperatorClient) =>
    o.continue ? ca.continueRotation() : ca.rotate(kind);
  const both = { running: work, stopped: ({ operations }: StoppedCa) => work(operations) };
  return o.continue
    ? { name: "continue-rotation", arguments: {}, ...both }
    : { name: "rotate", arguments: { kind }, ...both };
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
