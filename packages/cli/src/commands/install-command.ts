import { readFileSync } from "node:fs";
import { ConfigInvalidError, errnoOf } from "@kasbah/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { applyObjects } from "../install/apply.ts";
import { installObjects, namespaceObject, renderObjects } from "../install/objects/install-objects.ts";
import type { Installation } from "../install/objects/installation.ts";
import { removeObjects } from "../install/uninstall.ts";
import { isProfile, type ProfileName, profiles } from "../install/values/profiles.ts";
import { parseFileSetting, parseSetting, parseValuesFile } from "../install/values/set-values.ts";
import { parseValues } from "../install/values/values.ts";
import { type ClusterChoice, defaultNamespace } from "../kubectl/cluster-choice.ts";
import { kubectlFor } from "../kubectl/kubectl.ts";
import { flagsOf } from "./ca-location.ts";
import type { CommandDeps } from "./command-deps.ts";

interface InstallOptions extends ClusterChoice {
  readonly profile: ProfileName;
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly setFile: readonly string[];
  readonly apply: boolean;
}

const profileLines = Object.entries(profiles).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`);

const installHelp = `
Prints the objects that run the CA in a cluster, as YAML and always in one order, or applies them. They are the same as
those of the Helm chart deploy/helm/kasbah, whose README.md lists the values that --set, --set-file and --values take;
later ones win. Nothing of a cluster is asked without --apply.

image.repository is required, because no image is published: build it (docs/image.md) and push it to your registry.

Profiles
${profileLines.join("\n")}
  remote     a CA outside the cluster: not there yet

--apply needs kubectl and applies server-side as field manager kasbah, the namespace first: what other managers have set
is not overwritten, a conflict is an error, and a namespace that somebody else has made stays as it is. It ends when all objects are there, which a pod may be after its image.

Examples
  $ kasbah install --set image.repository=registry.example/kasbah/server | less     look first
  $ kasbah install --apply --values mesh.yaml           mesh.yaml holds image.repository and the other values
  $ kasbah install --profile demo --namespace try --apply --values mesh.yaml
  $ kasbah install --values mesh.yaml --set-file policy.text=policy.yaml --set ca.trustedNodeAccounts=[istio-system/ztunnel]
  $ kasbah install --profile preview --values mesh.yaml | kubectl diff -f -
  $ kubectl -n kasbah-system rollout status statefulset/kasbah`;

const uninstallHelp = `
Deletes what kasbah install --apply has made. Volumes, Secrets and the namespace stay, and with them the keys of the CA: a
new installation in that namespace goes on with the same root. What Helm has installed is left to helm uninstall.
The root's ConfigMap stays in every namespace, since running pods mount it.

--purge deletes volumes, Secrets and the namespace as well. Whoever trusts the root then trusts nobody: every workload
needs a new root.

Examples
  $ kasbah uninstall --yes
  $ kubectl -n kasbah-system exec kasbah-0 -- kasbah backup /var/lib/kasbah/ca.backup   before a --purge; copy it away`;

/** `kasbah install`. */
export function installCommand(deps: CommandDeps): Command {
  const command = new Command("install")
    .description("print or apply the objects that run the CA in Kubernetes")
    .addOption(new Option("--profile <name>", "a named set of values").argParser(profile).default("default"));
  return command
    .option("--values <file>", "YAML with values, as Helm takes it; repeatable", collect, [])
    .option("--set <name=value>", "one value; repeatable", collect, [])
    .option("--set-file <name=file>", "one value, from a file; repeatable", collect, [])
    .option("--apply", "apply them with kubectl", false)
    .addHelpText("after", installHelp)
    .action((_, own: Command) => install(own.optsWithGlobals<InstallOptions>(), deps));
}

/** `kasbah uninstall`. */
export function uninstallCommand(deps: CommandDeps): Command {
  const command = new Command("uninstall").description(
    "delete what kasbah install has made, but for the CA's keys",
  );
  return command
    .option("--purge", "the keys, volumes and the namespace as well", false)
    .option("--yes", "really do it", false)
    .addHelpText("after", uninstallHelp)
    .action((_, own: Command) => uninstall(own.optsWithGlobals<UninstallOptions>(), deps));
}

async function install(options: InstallOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock, signal } = deps;
  const installation = installationOf(options, deps);
  const objects = installObjects(installation);
  const own = namespaceObject(installation);
  if (!options.apply) return screen.write(renderObjects([own, ...objects]));
  const kubectl = kubectlFor(options, deps);
  screen.write(await applyObjects(own, objects, { kubectl, clock, signal }));
  const { namespace } = installation;
  const status = `kubectl${flagsOf({ ...options, namespace })} rollout status statefulset/kasbah`;
  screen.write(objects.length === 0 ? "" : `all objects are there; follow the start with: ${status}\n`);
}

function installationOf(options: InstallOptions, { version }: CommandDeps): Installation {
  const values = parseValues(
    profiles[options.profile].values,
    ...options.values.map((file) => parseValuesFile(file, read)),
    ...options.setFile.map((setting) => parseFileSetting(setting, read)),
    ...options.set.map(parseSetting),
  );
  return { namespace: options.namespace ?? defaultNamespace, version, values };
}

interface UninstallOptions extends ClusterChoice {
  readonly purge: boolean;
  readonly yes: boolean;
}

async function uninstall(options: UninstallOptions, deps: CommandDeps): Promise<void> {
  const { namespace = defaultNamespace, purge, yes } = options;
  if (!yes) {
    const lost = purge ? " with its keys, so that no workload is trusted any more," : "";
    throw new ConfigInvalidError([
      `--yes: is needed to delete the CA in ${namespace}${lost} since nobody is asked`,
    ]);
  }
  const said = await removeObjects({ namespace, purge }, kubectlFor(options, deps));
  const kept = `volumes, Secrets and the namespace ${namespace} are still there; --purge deletes them\n`;
  deps.screen.write(`${said || "there was nothing to delete\n"}${purge ? "" : kept}`);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ConfigInvalidError([`${path} cannot be read: ${errnoOf(error) ?? "unexpected failure"}`]);
  }
}

function profile(name: string): ProfileName {
  if (name === "remote") {
    throw new InvalidArgumentError(
      "remote, a CA outside the cluster, is not there yet; run the CA in each cluster.",
    );
  }
  if (isProfile(name)) return name;
  throw new InvalidArgumentError(`expected one of ${Object.keys(profiles).join(", ")}.`);
}
