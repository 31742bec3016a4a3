import { readFileSync } from "node:fs";
import { ConfigInvalidError, errnoOf } from "@kasbah/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { applyObjects } from "../install/apply.ts";
import { checkInstallation } from "../install/checks/check-installation.ts";
import { installObjects, namespaceObject, renderObjects } from "../install/objects/install-objects.ts";
import type { Installation } from "../install/objects/installation.ts";
import { removeObjects } from "../install/uninstall.ts";
import { isProfile, type ProfileName, profiles } from "../install/values/profiles.ts";
import { registryValues } from "../install/values/registry.ts";
import { parseFileSetting, parseSetting, parseValuesFile } from "../install/values/set-values.ts";
import { parseValues } from "../install/values/values.ts";
import { type ClusterChoice, defaultNamespace } from "../kubectl/cluster-choice.ts";
import { kubectlFor } from "../kubectl/kubectl.ts";
import { flagsOf } from "./ca-location.ts";
import type { CommandDeps } from "./command-deps.ts";

interface InstallOptions extends ClusterChoice {
  readonly profile: ProfileName;
  readonly registry?: string;
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly setFile: readonly string[];
  readonly apply: boolean;
}

const profileLines = Object.entries(profiles).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`);

const installHelp = `
Prints the objects that run the CA in a cluster, as YAML in a stable order, or applies them. They are identical to those of
the Helm chart deploy/helm/kasbah. Its README.md lists the values for --set, --set-file and --values; later ones win.
Without --apply, the command does not contact a cluster. Either way, it refuses values with which the CA would not start.

No image is published: build it (docs/image.md), push it to your registry, and name that by --registry or KASBAH_REGISTRY. The image is then
kasbah/server in this registry. Alternatively, set image.repository.

Profiles
${profileLines.join("\n")}
  remote     a CA outside the cluster: not supported yet

--apply requires kubectl. It uses server-side apply with the field manager kasbah and creates the namespace first. It never
overwrites fields of other managers (a conflict is an error) and leaves an existing namespace unchanged. It returns once
all objects exist; the pods may still be starting then.

Examples
  $ kasbah install --registry registry.example | less   review first
  $ kasbah install --apply --values mesh.yaml           mesh.yaml sets image.repository and other values
  $ kasbah install --profile demo --namespace try --apply --values mesh.yaml
  $ kasbah install --values mesh.yaml --set-file policy.text=policy.yaml --set ca.trustedNodeAccounts=[istio-system/ztunnel]
  $ kasbah install --profile preview --values mesh.yaml | kubectl diff -f -
  $ kubectl -n kasbah-system rollout status statefulset/kasbah`;

const uninstallHelp = `
Deletes the objects that kasbah install --apply created. Volumes, Secrets and the namespace remain, and with them the CA's
keys: a new installation in the same namespace continues with the same root. To remove a Helm release, use helm uninstall.
The ConfigMap with the root remains in every namespace, because running pods mount it.

--purge also deletes volumes, Secrets and the namespace. The root's keys are then lost, and every workload needs a new root.

Examples
  $ kasbah uninstall --yes
  $ kubectl -n kasbah-system exec kasbah-0 -- kasbah backup /var/lib/kasbah/ca.backup   before --purge; copy the file off the volume`;

/** `kasbah install`. */
export function installCommand(deps: CommandDeps): Command {
  const command = new Command("install")
    .description("print or apply the objects that run the CA in Kubernetes")
    .addOption(new Option("--profile <name>", "a named set of values").argParser(profile).default("default"));
  return command
    .option("--registry <host>", "the registry with the image kasbah/server, with an optional port and path")
    .option("--values <file>", "YAML file with values, as for Helm; repeatable", collect, [])
    .option("--set <name=value>", "set one value; repeatable", collect, [])
    .option("--set-file <name=file>", "set one value from a file; repeatable", collect, [])
    .option("--apply", "apply the objects with kubectl", false)
    .addHelpText("after", installHelp)
    .action((_, own: Command) => install(own.optsWithGlobals<InstallOptions>(), deps));
}

/** `kasbah uninstall`. */
export function uninstallCommand(deps: CommandDeps): Command {
  const command = new Command("uninstall").description(
    "delete the objects that kasbah install created, but keep the CA's keys",
  );
  return command
    .option("--purge", "also delete the keys, volumes and the namespace", false)
    .option("--yes", "confirm the deletion", false)
    .addHelpText("after", uninstallHelp)
    .action((_, own: Command) => uninstall(own.optsWithGlobals<UninstallOptions>(), deps));
}

async function install(options: InstallOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock, signal } = deps;
  const installation = installationOf(options, deps);
  const objects = installObjects(installation);
  checkInstallation(installation, objects);
  const own = namespaceObject(installation);
  if (!options.apply) return screen.write(renderObjects([own, ...objects]));
  const kubectl = kubectlFor(options, deps);
  screen.write(await applyObjects(own, objects, { kubectl, clock, signal }));
  const { namespace } = installation;
  const status = `kubectl${flagsOf({ ...options, namespace })} rollout status statefulset/kasbah`;
  screen.write(objects.length === 0 ? "" : `all objects exist; follow the rollout with: ${status}\n`);
}

function installationOf(options: InstallOptions, { version, env }: CommandDeps): Installation {
  const values = parseValues(
    registryValues(options.registry, env["KASBAH_REGISTRY"]),
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
    const lost = purge ? " and its keys, after which no workload is trusted" : "";
    throw new ConfigInvalidError([
      `--yes: required, because there is no prompt: this deletes the CA in namespace ${namespace}${lost}`,
    ]);
  }
  const said = await removeObjects({ namespace, purge }, kubectlFor(options, deps));
  const kept = `volumes, Secrets and the namespace ${namespace} remain; use --purge to delete them\n`;
  deps.screen.write(`${said || "nothing to delete\n"}${purge ? "" : kept}`);
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
      "remote, a CA outside the cluster, is not supported yet; run the CA in each cluster.",
    );
  }
  if (isProfile(name)) return name;
  throw new InvalidArgumentError(`expected one of ${Object.keys(profiles).join(", ")}.`);
}
