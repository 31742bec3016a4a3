import { Command, InvalidArgumentError, Option } from "commander";
import { runConsole } from "../../console/run-console.ts";
import { namesCluster } from "../../kubectl/cluster-choice.ts";
import { consoleDirectory } from "../../shipped-files.ts";
import { type CaLocation, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { createConsoleAnswers } from "./create-answers.ts";
import { openBrowser } from "./open-browser.ts";
import { RepeatedTextFilter } from "./repeated-text-filter.ts";

interface ConsoleOptions extends CaLocation {
  readonly port: number;
  readonly open: boolean;
}

const help = `
Serves a web page with the state of a CA, until Ctrl-C: overview, identities, rotation and refusals. The page changes
nothing. It reads what the commands read: a running CA through its admin socket, the state directory of a stopped one, or
every replica of a CA in a cluster.

It listens on 127.0.0.1 only, and prints a link on stdout. The first browser that opens the link may read the page; the link
works once. To see the page from another machine, forward the same port:

  laptop$ ssh -t -L 7878:127.0.0.1:7878 ca-host kasbah console --port 7878

Examples
  $ kasbah console --open
  $ kasbah console --state-dir /var/lib/kasbah     a running CA, or a stopped one
  $ kasbah -n kasbah-system console                in a cluster: all replicas`;

/** `kasbah console`. */
export function consoleCommand(deps: CommandDeps): Command {
  const command = new Command("console").description(
    "serve a web page with the state of a CA on the loopback",
  );
  return withStateLocation(command)
    .addOption(
      new Option("--port <port>", "listen on this port of 127.0.0.1")
        .argParser(port)
        .default(0, "a free one"),
    )
    .option("--open", "open the link with this machine's browser", false)
    .addHelpText("after", help)
    .action((_, own: Command) => serve(own.optsWithGlobals<ConsoleOptions>(), deps));
}

async function serve({ port: wanted, open, ...location }: ConsoleOptions, deps: CommandDeps): Promise<void> {
  const stderr = new RepeatedTextFilter(deps.stderr);
  const answers = await createConsoleAnswers(location, { ...deps, stderr });
  await runConsole({
    port: wanted,
    answers,
    // Each reading starts a process in every replica.
    maxAgeMs: namesCluster(location) ? 8000 : 1500,
    directory: consoleDirectory,
    openLink: open ? (link) => openBrowser(link, deps) : undefined,
    screen: deps.screen,
    stderr: deps.stderr,
    clock: deps.clock,
    newSecret: deps.newSecret,
    signal: deps.signal,
  });
}

function port(text: string): number {
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number <= 65_535) return number;
  throw new InvalidArgumentError("expected a port from 0 to 65535.");
}
