import { command as agentCommand } from "../../../packages/agent/src/config/command.ts";
import { options as agentOptions } from "../../../packages/agent/src/config/options.ts";
import { serverCommand, serverOptions } from "../../../packages/ca-server/src/config/config.ts";
import { generalFlags } from "../../../packages/runtime/src/config/general-flags.ts";
import { commonOptions, type Option } from "../../../packages/runtime/src/config/index.ts";
import { code, fromSubfolder, marked, table } from "../markdown.ts";
import { optionLinks } from "./links.ts";

const intro = `# Configuration

This page lists every setting of \`kasbah-server\` and \`kasbah-agent\`. A flag takes precedence over its environment variable, which takes
precedence over the configuration file, which takes precedence over the default.

The file (\`--config\`) is YAML. Its keys are the names of the flags without the leading dashes, a repeatable setting is a list, and an unknown key is
an error. In a variable, the values of a repeatable setting are separated by commas. \`--check-config\` prints the effective value and the source of
each setting, then exits with 0, or with 2 and \`CONFIG_INVALID\` if a setting is invalid. The CA
also reads the files that the settings name, such as a key set or a passphrase, except those that the kubelet provides in each pod.

Durations are written as \`90s\`, \`15m\`, \`24h\` or \`30d\`. A setting is read at the start only. Where it names a file, the column *read again* shows when the
daemon reads the content again; [HUP](signals.md#read-files-again) makes it do so at once.
`;

/** docs/reference/config.md */
export function configPage(): string {
  const server = serverOptions({ isRoot: true, env: {} });
  return fromSubfolder(
    [
      intro,
      daemon(serverCommand("").name, server, "[Operations](ca-operations.md) shows how to run the CA."),
      daemon(
        agentCommand.name,
        agentOptions,
        "[Agent](agent.md) shows how to run the agent, and [pilot-agent's environment variables](agent-environment.md) compares the two.",
      ),
    ].join("\n"),
  );
}

function daemon(name: string, own: Readonly<Record<string, Option<unknown>>>, text: string): string {
  const options = [...Object.values(own), ...Object.values(commonOptions)];
  const links = optionLinks[name] ?? {};
  const stale = Object.keys(links).filter((flag) => !options.some((each) => each.name === flag));
  if (stale.length > 0)
    throw new Error(`links.ts names flags that ${name} does not have: ${stale.join(", ")}`);
  const groups = [...new Set(options.map(({ spec }) => spec.group ?? "Options"))].map(
    (group) =>
      `### ${group} (${name})\n\n${optionTable(
        options.filter(({ spec }) => (spec.group ?? "Options") === group),
        links,
      )}`,
  );
  const general = table(
    ["flag", "meaning"],
    generalFlags.map(({ flag, help }) => [
      flag
        .split(", ")
        .map((name) => code(name.split(" ")[0] ?? ""))
        .join(", "),
      marked(help.replace(/ \[env: (\w+)\]/, "; or its variable, $1")),
    ]),
  );
  return [`## ${name}\n\n${text}\n`, ...groups, `### Every start (${name})\n\n${general}`].join("\n");
}

/** Rows of settings, also those of a command of the agent. */
export function optionTable(
  options: readonly Option<unknown>[],
  links: Readonly<Record<string, string>>,
): string {
  const reloads = options.some(({ spec }) => spec.reload !== undefined);
  const header = ["flag", "variable", "kind", "default", ...(reloads ? ["read again"] : []), "meaning"];
  const rows = options.map((each) => {
    const { spec } = each;
    const link = links[each.name];
    return [
      code(`--${each.name}`),
      variablesOf(each),
      `${spec.schema.kind}${each.arity === "repeatable" ? "; repeatable" : ""}`,
      defaultOf(each),
      ...(reloads ? [spec.reload ?? ""] : []),
      `${marked(spec.help)}${link === undefined ? "" : `. [More](${link})`}`,
    ];
  });
  return table(header, rows);
}

function variablesOf({ spec }: Option<unknown>): string {
  const prefixed = spec.envPrefix === undefined ? [] : [`${spec.envPrefix}<name>`];
  return [spec.env, ...prefixed].map(code).join(", ");
}

function defaultOf({ spec, arity }: Option<unknown>): string {
  const { defaultHelp } = spec;
  if (defaultHelp !== undefined) return defaultHelp.includes("://") ? code(defaultHelp) : marked(defaultHelp);
  if (spec.default === undefined || spec.default === "") return arity === "required" ? "required" : "";
  const values = arity === "repeatable" ? spec.default.split(",") : [spec.default];
  return values.map(code).join(", ");
}
