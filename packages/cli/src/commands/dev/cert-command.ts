import { join, relative } from "node:path";
import { Command } from "commander";
import { fetchCertificate } from "../../dev/certificate/fetch-certificate.ts";
import type { DevDocument } from "../../dev/folder/document.ts";
import type { FolderChoice } from "../../dev/folder/find-folder.ts";
import { formatIdentity, parseIdentity } from "../../dev/settings/identity.ts";
import { usageError } from "../../dev/settings/usage-error.ts";
import { fieldLines } from "../../output/field-lines.ts";
import { timeAndDistance } from "../../output/relative-time.ts";
import { shellWord } from "../../output/shell-word.ts";
import type { CommandDeps } from "../command-deps.ts";
import { dirOption } from "./dev-options.ts";
import { openProject, requireCa } from "./open-project.ts";

interface CertOptions extends FolderChoice {
  readonly out?: string;
}

const help = `
Writes key.pem, cert-chain.pem and root-cert.pem, all with mode 0600, and prints a curl command that uses them. The
certificate is valid for 24 hours: run the command again to replace it. The DNS names are localhost and ACCOUNT.NAMESPACE.localhost.`;

/** `kasbah dev cert`. */
export function certCommand(deps: CommandDeps): Command {
  return new Command("cert")
    .description("write a certificate and its key to files, for a program without Envoy")
    .argument("<name>", "identity, such as demo/web")
    .option("--out <directory>", "directory for the files (required)")
    .addOption(dirOption())
    .addHelpText("after", help)
    .action((name: string, options: CertOptions) => cert(name, options, deps));
}

async function cert(text: string, options: CertOptions, deps: CommandDeps): Promise<void> {
  const identity = parseIdentity("NAME", text);
  if (options.out === undefined) {
    throw usageError(
      `--out is missing: name a directory for the files, such as --out ${identity.serviceAccount}-certs`,
    );
  }
  const project = await openProject(options, deps);
  const running = await requireCa(project, deps);
  const place = { layout: project.layout, running };
  const { spiffeId, notAfter, directory } = await fetchCertificate(identity, options.out, place, deps);
  const name = formatIdentity(identity);
  await project.store.update((document) => ({
    ...document,
    certificates: [
      ...document.certificates.filter((each) => each.directory !== directory),
      { name, directory, notAfter },
    ],
  }));
  const fields = fieldLines([
    ["identity", spiffeId],
    ["files", `key.pem, cert-chain.pem and root-cert.pem in ${directory}`],
    ["expires", timeAndDistance(new Date(notAfter), deps.clock.now())],
  ]);
  deps.screen.write(`${fields}\n${curlLine(directory, project.document, deps)}\n`);
}

/** A command to paste: it calls a program that runs, or the port of the guide. */
function curlLine(directory: string, { runs }: DevDocument, { cwd }: CommandDeps): string {
  const port = runs.flatMap(({ listen }) => listen).at(0)?.address.port ?? 8443;
  const shown = relative(cwd, directory);
  const file = (name: string) => shellWord(join(shown.startsWith("..") ? directory : shown, name));
  return `curl --cacert ${file("root-cert.pem")} --cert ${file("cert-chain.pem")} --key ${file("key.pem")} https://localhost:${port}/`;
}
