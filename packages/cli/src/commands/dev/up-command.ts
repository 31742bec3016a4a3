import { parseTrustDomain } from "@kasbah/pki";
import { formatHostPort, quoted } from "@kasbah/runtime";
import { Command } from "commander";
import { ensureCa } from "../../dev/ca/ensure-ca.ts";
import { type FolderChoice, findFolder, newFolder } from "../../dev/folder/find-folder.ts";
import { prepareFolder } from "../../dev/folder/prepare-folder.ts";
import { usageError } from "../../dev/settings/usage-error.ts";
import type { CommandDeps } from "../command-deps.ts";
import { dirOption } from "./dev-options.ts";

interface UpOptions extends FolderChoice {
  readonly trustDomain?: string;
}

const help = `
Creates the folder .kasbah here unless this folder or a parent has one. The CA runs in the background until kasbah dev down,
and writes its log to .kasbah/ca.log. If it runs already, the command changes nothing.

Its policy allows every identity and adds the DNS name localhost: edit .kasbah/policy.yaml to change that.`;

/** `kasbah dev up`. */
export function upCommand(deps: CommandDeps): Command {
  return new Command("up")
    .description("start the CA of this project in the background")
    .option("--trust-domain <name>", "trust domain of a new CA (default: cluster.local)")
    .addOption(dirOption())
    .addHelpText("after", help)
    .action((options: UpOptions) => up(options, deps));
}

async function up(options: UpOptions, deps: CommandDeps): Promise<void> {
  const { trustDomain: wanted } = options;
  if (wanted !== undefined) refuseMalformed(wanted);
  const folder = (await findFolder(options, deps)) ?? newFolder(options, deps);
  const layout = await prepareFolder(folder, deps);
  const { ca, trustDomain, isNew } = await ensureCa(layout, wanted, deps);
  const state = isNew ? "started" : "already runs";
  deps.screen.write(
    `CA ${state}: ${formatHostPort(ca.grpcAddress)}, trust domain ${trustDomain}, pid ${ca.pid}\n` +
      `folder ${layout.folder}\n` +
      "next: kasbah dev run --as demo/web --listen 8443:8080 -- COMMAND\n",
  );
}

function refuseMalformed(name: string): void {
  try {
    parseTrustDomain(name);
  } catch (cause) {
    throw usageError(
      `--trust-domain: expected lower case letters, digits, dots and hyphens, such as shop.internal, got ${quoted(name)}`,
      cause,
    );
  }
}
