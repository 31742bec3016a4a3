import { ConfigInvalidError } from "@kasbah/runtime";
import type { Command } from "commander";
import { type ClusterChoice, namesCluster } from "./kubectl/cluster-choice.ts";

/** What -n, --context and --kubeconfig mean for a command. */
type Reach =
  /** Queries every replica through kubectl, or one with --pod, and merges the answers. */
  | "every replica"
  /** Asks one replica to act in the operator's name, because replicas share their state. */
  | "one replica"
  /** Passes them to kubectl to read or change objects in a namespace. */
  | "the objects"
  /** Runs only on this machine, for this reason. */
  | { readonly local: string };

const inThePod =
  "it reads the ledger's files; run it in each pod with kubectl exec POD -c kasbah-server -- kasbah";

const ownClock =
  "every replica has its own clock; run it in the pod with kubectl exec POD -c kasbah-server -- kasbah clock";

const onThisMachine: Reach = { local: "the CA and the programs of kasbah dev run on this machine" };

const reaches: Readonly<Record<string, Reach>> = {
  "authority list": "every replica",
  "authority status": "every replica",
  status: "every replica",
  check: "every replica",
  why: "every replica",
  refusals: "every replica",
  console: "every replica",
  "authority rotate": "one replica",
  "authority pause": "one replica",
  "authority resume": "one replica",
  "authority abort": "one replica",
  "authority recall": "one replica",
  "authority move": "one replica",
  "authority csr": "one replica",
  "authority adopt": "one replica",
  "authority distrust": "one replica",
  "authority try": "the objects",
  "audit who": "every replica",
  "audit cert": "every replica",
  "audit tail": "every replica",
  "audit export": { local: inThePod },
  "audit heads": { local: inThePod },
  "audit verify": "every replica",
  "audit prove": { local: inThePod },
  "audit accept-loss": { local: "each replica has its own ledger; run it in each pod that reports the loss" },
  identities: "every replica",
  overview: { local: "it shows one CA process; for the replicas in a cluster, run kasbah status" },
  doctor: "the objects",
  install: "the objects",
  uninstall: "the objects",
  demo: { local: "the demo mesh runs on this machine" },
  "dev up": onThisMachine,
  "dev run": onThisMachine,
  "dev cert": onThisMachine,
  "dev token": onThisMachine,
  "dev status": onThisMachine,
  "dev down": onThisMachine,
  inspect: {
    local:
      "it connects from this machine; forward the pod's port with kubectl port-forward and run kasbah inspect 127.0.0.1:PORT",
  },
  ping: {
    local: "it connects from this machine; in a cluster, run helm test, or kasbah ping in a pod",
  },
  init: { local: "a CA in a cluster creates its authorities when it first starts" },
  backup: {
    local:
      "private keys must not pass through kubectl exec; back up the Secret that the replicas share, or run kasbah backup in the pod and write to its volume",
  },
  restore: { local: "it writes to a state directory that no running CA uses, so no pod can run it" },
  "clock status": { local: ownClock },
  "clock accept": { local: ownClock },
  completion: { local: "it prints a script for the shell on this machine" },
  "policy check": { local: "it reads a local file and does not contact a CA" },
};

/** @throws ConfigInvalidError if a command does not support the cluster flags that it was given */
export function refuseOutOfReach(command: Command): void {
  const choice = command.optsWithGlobals<ClusterChoice>();
  if (!namesCluster(choice)) return;
  const reach = reachOf(command);
  const flags = "-n, --context, --kubeconfig, --installation and --pod";
  // A command that is missing in the table would query this machine, which may run another CA.
  if (reach === undefined)
    throw new ConfigInvalidError([`${flags}: not supported by kasbah ${nameOf(command)}`]);
  if (typeof reach === "object") {
    throw new ConfigInvalidError([`${flags}: not supported by kasbah ${nameOf(command)}: ${reach.local}`]);
  }
  const replica = (["installation", "pod"] as const).filter((name) => choice[name] !== undefined);
  if (reach === "the objects" && replica.length > 0) {
    throw new ConfigInvalidError(
      replica.map(
        (name) => `--${name}: not supported by kasbah ${nameOf(command)}, which contacts no replica`,
      ),
    );
  }
}

/** The names of the program's flags that a command accepts. */
export function programFlagsOf(command: Command): readonly string[] {
  const cluster = ["--namespace", "--context", "--kubeconfig"];
  const group = command.commands.map((one) => programFlagsOf(one)).find((flags) => flags.length > 0);
  switch (reachOf(command)) {
    case "every replica":
      return [...cluster, "--installation", "--pod"];
    case "one replica":
      return [...cluster, "--installation", "--pod", "--operator"];
    case "the objects":
      return cluster;
    default:
      return group ?? [];
  }
}

export function reachOf(command: Command): Reach | undefined {
  return reaches[nameOf(command)];
}

/** The command as typed, without the program's name. */
export function nameOf(command: Command): string {
  const above = command.parent?.parent ? `${nameOf(command.parent)} ` : "";
  return `${above}${command.name()}`;
}
