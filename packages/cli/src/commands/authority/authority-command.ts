import type { AuthorityOperations, StoppedCa } from "@kasbah/ca-server/state";
import { Command, InvalidArgumentError } from "commander";
import type { AuthorityStatusMessage } from "../../authority/admin-client.ts";
import type { OperatorClient } from "../../authority/operator-client.ts";
import { renderAuthorities, renderRotation } from "../../authority/render-status.ts";
import { type Replicated, renderReplicated } from "../../authority/replicated.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { type WideOption, withWide } from "../../output/terminal/wide-option.ts";
import { type CaLocation, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { adoptCommand } from "./adopt-command.ts";
import { csrCommand } from "./csr-command.ts";
import { distrustCommand } from "./distrust-command.ts";
import { moveStateCommand } from "./move-state-command.ts";
import { recallCommand } from "./recall-authority-command.ts";
import { rotateCommand } from "./rotate-authority-command.ts";
import { readStatus } from "./status-source.ts";
import { type ActOptions, type AuthorityAct, actOnStatus, withStoppedCa } from "./stopped-ca.ts";
import { tryCommand } from "./try-authority-command.ts";

interface CommonOptions extends CaLocation {
  readonly json?: boolean;
}

const help = `
A rotation goes through these stages. A stage ends once every certificate issued before it has expired, and lasts at least
as long as the CA's --min-stage:
  prepared     the keys of the new authority exist
  distributed  every new trust bundle contains the new root; the old authority still signs
  active       the new authority signs; abort switches back to the old one
  retiring     the old authority never signs again and stays trusted until its last certificate expires
  retired      the old root is no longer in any trust bundle; recall brings it back while its key is kept

Examples
  $ kasbah authority list
  $ kasbah authority rotate --root --wait
  $ kasbah authority status --json | jq .rotation
  $ kasbah authority abort --if-epoch 7
  $ kasbah -n kasbah-system authority list        a CA in a cluster; the answers of its replicas are merged

If the CA is stopped, every command works on its state directory (--state-dir), and a change takes effect when it starts.`;

const listHelp = `
SIGNS marks the authorities in the chain of every certificate that the CA issues now. Authorities that are distributed,
active or retiring are trusted. Only the user that runs the CA can use its socket. If the CA is stopped, the command reads
its state directory.`;

const statusHelp = `
A stage lasts until every certificate issued before it has expired; "earliest" is the expiry of the last of them. The CA
then continues automatically. Intermediates that were replaced retire beside the rotation, each after its own last
certificate. A retired authority can be recalled until its key is destroyed. The epoch increases with every transition; a script can pass it to abort --if-epoch.`;

const pauseHelp = `
The rotation stays in its current stage: the CA keeps issuing certificates, and every trusted authority stays trusted.
Authorities still approach their expiry, so monitor them with kasbah check. Continue with kasbah authority resume.`;

const resumeHelp = `
Ends a pause. After an abort, it lets rotations start automatically again.`;

const abortHelp = `
The effect depends on the stage:
  distributed  the new root is removed from the trust bundle, and the rotation ends
  active       the previous authority signs again immediately; the new one stays trusted until its certificates expire
  retiring     refused, because the previous authority no longer signs: recall it, or rotate again

Afterwards no rotation starts automatically until you run kasbah authority resume or rotate.

Example: a script that aborts only the rotation that it has seen
  $ epoch=$(kasbah authority status --json | jq .epoch)
  $ kasbah authority abort --if-epoch "$epoch"`;

/**
 * `kasbah authority …`: talks to the CA through its Unix socket, or to its replicas in a cluster; works on the state
 * directory of a stopped CA.
 */
export function authorityCommand(deps: CommandDeps): Command {
  const command = new Command("authority")
    .description("list, rotate, pause, roll back and recall the CA's roots and intermediates")
    .addHelpText("after", help);
  const add = (name: string, description: string, after: string) =>
    withStateLocation(command.command(name).description(description))
      .option("--json", "print JSON")
      .addHelpText("after", after);
  const act = (name: string, description: string, after: string) =>
    withStoppedCa(add(name, description, after));
  withWide(
    add("list", "list the authorities with stage and expiry; also works while the CA is stopped", listHelp),
  )
    .option("--all", "include retired authorities")
    .action((_, own: Command) => list(own.optsWithGlobals<ListOptions>(), deps));
  add("status", "show the rotation in progress and what it waits for", statusHelp).action(
    async (_, own: Command) => {
      const options = own.optsWithGlobals<CommonOptions>();
      show((await readStatus(options, deps)).status, options, deps);
    },
  );
  command.addCommand(rotateCommand(deps));
  command.addCommand(tryCommand(deps));
  command.addCommand(moveStateCommand(deps));
  command.addCommand(distrustCommand(deps));
  act("pause", "keep rotations from starting and from continuing", pauseHelp).action((_, own: Command) =>
    apply("pause", (ca) => ca.pause(), own, deps),
  );
  act("resume", "let rotations start and continue again", resumeHelp).action((_, own: Command) =>
    apply("resume", (ca) => ca.resume(), own, deps),
  );
  act("abort", "return to the previous authority; possible until it retires", abortHelp)
    .option("--if-epoch <n>", "only if the CA is at this epoch", parseEpoch)
    .action((_, own: Command) => {
      const { ifEpoch } = own.optsWithGlobals<AbortOptions>();
      const request = ifEpoch === undefined ? {} : { ifEpoch };
      return apply("abort", (ca) => ca.abort(request), own, deps, request);
    });
  command.addCommand(recallCommand(deps));
  command.addCommand(csrCommand(deps));
  command.addCommand(adoptCommand(deps));
  return command;
}

/** An operation that a running CA and a stopped one offer alike. */
type Work = (ca: AuthorityOperations | OperatorClient) => Promise<AuthorityStatusMessage>;

async function apply(
  name: string,
  work: Work,
  own: Command,
  deps: CommandDeps,
  request: AuthorityAct<AuthorityStatusMessage>["arguments"] = {},
): Promise<void> {
  const options = own.optsWithGlobals<CommonOptions & ActOptions>();
  const act = {
    ...{ name, arguments: request, running: work },
    stopped: ({ operations }: StoppedCa) => work(operations),
  };
  show((await actOnStatus(act, options, deps)).answer, options, deps);
}

function show(status: Replicated<AuthorityStatusMessage>, { json }: CommonOptions, deps: CommandDeps): void {
  const now = deps.clock.now();
  const text = () => renderReplicated(status, (one) => renderRotation(one, now, lookOf(deps.screen)));
  deps.screen.write(json ? toJson(status) : text());
}

interface ListOptions extends CommonOptions, WideOption {
  readonly all?: boolean;
}

interface AbortOptions extends CommonOptions {
  readonly ifEpoch?: number;
}

async function list(o: ListOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  const { status } = await readStatus(o, deps);
  const look = lookOf(screen, o);
  const text = () =>
    renderReplicated(status, (one) => renderAuthorities(one, clock.now(), { all: o.all, look }));
  screen.write(o.json ? toJson(status) : text());
}

function parseEpoch(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number, as shown by kasbah authority status.");
}
