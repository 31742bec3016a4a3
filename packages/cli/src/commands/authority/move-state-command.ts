import { readFileSync } from "node:fs";
import { moveOptions, moveStoppedCommand, moveStoppedState } from "@kasbah/ca-server/state";
import { ConfigInvalidError, createLogger } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { Command } from "commander";
import type { MovedStateMessage, StateHome } from "../../authority/admin-client.ts";
import { toJson } from "../../output/json.ts";
import { type CaLocation, stateDirectoryOf, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { askRunningOrStopped } from "../running-or-stopped.ts";

interface MoveFlags extends CaLocation {
  readonly toSecret?: boolean;
  readonly toDirectory?: boolean;
  readonly secretNamespace?: string;
  readonly stateSecret?: string;
  readonly kubernetesApi?: string;
  readonly kubernetesCaFile?: string;
  readonly kubernetesTokenFile?: string;
  readonly allowAddress?: string;
  readonly json?: boolean;
}

const help = `
The copy is read back and compared before its source is marked, and the source's keys are destroyed only when the
destination owns the CA. If the command is interrupted at any moment, one place owns the CA completely, or the next start
or the same command completes the move.

A running CA moves to the Secret in its --state-secret, or to its own state directory, without a pause. Before
--to-directory, scale the CA to one replica: the others would stop.

A stopped CA needs --state-dir, --state-secret and the flags of kasbah-server for the Kubernetes API.

Examples
  $ kasbah -n kasbah-system authority move --to-secret
  $ kasbah authority move --to-directory --state-dir /var/lib/kasbah --state-secret kasbah-ca \\
      --kubernetes-api https://kubernetes.default.svc`;

/** `kasbah authority move`. */
export function moveStateCommand(deps: CommandDeps): Command {
  const command = new Command("move").description(
    "move the keys and the state between the state directory and a Secret",
  );
  return withStateLocation(command)
    .option("--to-secret", "move them into the Secret, which several replicas can share")
    .option("--to-directory", "move them into the state directory of one replica")
    .option("--state-secret <name>", "a stopped CA: the Secret")
    .option("--secret-namespace <name>", "a stopped CA: the Secret's namespace (env: POD_NAMESPACE)")
    .option("--kubernetes-api <url>", "a stopped CA: the API server (env: KASBAH_KUBERNETES_API)")
    .option("--kubernetes-ca-file <file>", "a stopped CA: CA certificates of the API server")
    .option("--kubernetes-token-file <file>", "a stopped CA: a token for the API server")
    .option(
      "--allow-address <ip|cidr>",
      "a stopped CA: allow an API server on this address, such as loopback",
    )
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action((_, own: Command) => move(own.optsWithGlobals<MoveFlags>(), deps));
}

async function move(flags: MoveFlags, deps: CommandDeps): Promise<void> {
  const { screen } = deps;
  const moved = await movedBy(homeOf(flags), flags, deps);
  if (flags.json) return screen.write(toJson(moved));
  screen.write(`moved the CA from ${moved.from} to ${moved.to} (root SHA-256 ${moved.rootFingerprint})\n`);
}

function homeOf({ toSecret = false, toDirectory = false }: MoveFlags): StateHome {
  if (toSecret !== toDirectory) return toSecret ? "secret" : "directory";
  throw new ConfigInvalidError(["expected one of --to-secret and --to-directory"]);
}

async function movedBy(to: StateHome, flags: MoveFlags, deps: CommandDeps): Promise<MovedStateMessage> {
  const { answer } = await askRunningOrStopped(
    { running: (ca) => ca.moveState(to), stopped: () => moveStopped(to, flags, deps) },
    flags,
    deps,
  );
  return answer;
}

function moveStopped(to: StateHome, flags: MoveFlags, deps: CommandDeps): Promise<MovedStateMessage> {
  const { env, isRoot, version, pid, hostname, clock } = deps;
  const given = {
    "--state-dir": stateDirectoryOf(flags, deps),
    "--namespace": flags.secretNamespace,
    "--state-secret": flags.stateSecret,
    "--kubernetes-api": flags.kubernetesApi,
    "--kubernetes-ca-file": flags.kubernetesCaFile,
    "--kubernetes-token-file": flags.kubernetesTokenFile,
    "--allow-address": flags.allowAddress,
  };
  const argv = Object.entries(given).flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  const input = { argv, env, readFile: (path: string) => readFileSync(path, "utf8") };
  const outcome = loadConfig(moveStoppedCommand(version), moveOptions({ isRoot, env }), input);
  if (outcome.kind !== "run") throw new TypeError("only the command line asks for text");
  const logger = createLogger({ level: "warn", format: "pretty", stream: deps.stderr });
  const { operator = deps.operator } = flags;
  return moveStoppedState(to, outcome.config, { holder: { pid, hostname, clock }, operator, clock, logger });
}
