import { readOfflineStatus } from "@kasbah/ca-server/state";
import { Command, InvalidArgumentError } from "commander";
import type { AuthorityStatusMessage } from "../authority/admin-client.ts";
import { followRotation } from "../authority/follow-rotation.ts";
import { renderAuthorities, renderRotation } from "../authority/render-status.ts";
import { CliError } from "../errors.ts";
import type { CommandWorld } from "./command-world.ts";
import { adminClientOf, type StateLocation, stateDirectoryOf } from "./state-location.ts";

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

/** `kasbah authority …`: each talks to the CA over its Unix socket. */
export function authorityCommand(world: CommandWorld): Command {
  const command = new Command("authority")
    .description("show, replace, pause and bring back the CA's roots and intermediates")
    .addHelpText("after", help);
  const add = (name: string, description: string) =>
    command
      .command(name)
      .description(description)
      .option("--state-dir <dir>", "the CA's state directory")
      .option("--admin-socket <path>", "the CA's socket, if it is not in the state directory")
      .option("--json", "print JSON", false);
  add("list", "every authority with its stage and its end; works on a stopped CA, too")
    .option("--all", "show those that have retired, too", false)
    .action((o: CommonOptions & { all: boolean }) => list(o, world));
  add("status", "what is under way, and why it waits").action(async (o: CommonOptions) =>
    show(await adminClientOf(o, world).status(), o, world),
  );
  add("rotate", "begin to replace the intermediate, or with --root the root and its intermediate")
    .option("--root", "replace the root", false)
    .option("--wait", "follow the rotation until it is done", false)
    .action((o: RotateOptions) => rotate(o, world));
  add("pause", "stop rotations from beginning and from going on").action(async (o: CommonOptions) =>
    show(await adminClientOf(o, world).pause(), o, world),
  );
  add("resume", "let rotations begin and go on again").action(async (o: CommonOptions) =>
    show(await adminClientOf(o, world).resume(), o, world),
  );
  add("abort", "return to the former authority, which is possible until it retires")
    .option("--if-epoch <n>", "only while the status shows this epoch", parseEpoch)
    .action(async (o: CommonOptions & { ifEpoch?: number }) => {
      const guard = o.ifEpoch === undefined ? {} : { ifEpoch: o.ifEpoch };
      show(await adminClientOf(o, world).abort(guard), o, world);
    });
  return command;
}

interface RotateOptions extends CommonOptions {
  readonly root: boolean;
  readonly wait: boolean;
}

async function rotate(o: RotateOptions, world: CommandWorld): Promise<void> {
  const client = adminClientOf(o, world);
  const begun = await client.rotate(o.root ? "root" : "intermediate");
  if (!o.wait) {
    show(begun, o, world);
    if (!o.json) world.screen.write("follow it with: kasbah authority status\n");
    return;
  }
  const { clock, signal } = world;
  const write = (text: string) => {
    if (!o.json) world.screen.write(text);
  };
  try {
    show(await followRotation(begun, { read: () => client.status(), write, clock, signal }), o, world);
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CliError("INTERRUPTED", "the rotation goes on by itself; kasbah authority status shows it");
  }
}

/** The state on disk says as much as the CA does, so a stopped one can be looked at. */
async function list(o: CommonOptions & { all: boolean }, world: CommandWorld): Promise<void> {
  const { screen, clock } = world;
  const status = await statusOnlineOrOffline(o, world);
  screen.write(o.json ? toJson(status) : renderAuthorities(status, clock.now(), o.all));
}

export async function statusOnlineOrOffline(
  location: StateLocation,
  world: CommandWorld,
): Promise<AuthorityStatusMessage> {
  try {
    return await adminClientOf(location, world).status();
  } catch (error) {
    const isAway = error instanceof CliError && error.code === "ADMIN_UNREACHABLE";
    if (!isAway || location.adminSocket !== undefined) throw error;
    return readOfflineStatus(stateDirectoryOf(location, world), world.clock.now());
  }
}

function show(
  status: AuthorityStatusMessage,
  { json }: CommonOptions,
  { screen, clock }: CommandWorld,
): void {
  screen.write(json ? toJson(status) : renderRotation(status, clock.now()));
}

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function parseEpoch(text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number, as kasbah authority status --json shows it.");
}
