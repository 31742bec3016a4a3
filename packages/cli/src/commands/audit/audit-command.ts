import { parseSpiffeId } from "@kasbah/pki";
import { ConfigInvalidError } from "@kasbah/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import {
  certificateAnswerJson,
  readCertificateTarget,
  renderCertificateAnswer,
} from "../../audit/ask-certificate.ts";
import { type ExportOptions, entryKinds, exportEntries, exportFormats } from "../../audit/export-entries.ts";
import { showTail } from "../../audit/follow.ts";
import { parseInstant } from "../../audit/instant.ts";
import { withLedger } from "../../audit/ledger-access.ts";
import { entryJson, entryValue, renderEntryLine } from "../../audit/render/entry.ts";
import { renderWho, whoJson } from "../../audit/render/who.ts";
import { namesCluster } from "../../kubectl/cluster-choice.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import type { CommandDeps } from "../command-deps.ts";
import { auditAcceptLossCommand } from "./accept-loss-command.ts";
import { auditHeadsCommand } from "./heads-command.ts";
import { auditHelp, certHelp, exportHelp, tailHelp, whoHelp } from "./help.ts";
import {
  type AuditLocation,
  auditSourceOf,
  type LedgerLocation,
  ledgerDirectoriesOf,
  withLedgerLocation,
} from "./location.ts";
import { auditProveCommand } from "./prove-command.ts";
import { auditVerifyCommand } from "./verify-command.ts";

interface CommonOptions extends AuditLocation {
  readonly json?: boolean;
}

/** `kasbah audit …`: queries of the CA's ledger, which do not need a running CA. */
export function auditCommand(deps: CommandDeps): Command {
  const command = new Command("audit")
    .description("query the CA's ledger of every certificate and refusal")
    .addHelpText("after", auditHelp);
  const questions = [whoCommand, certCommand, tailCommand, exportCommand];
  for (const part of [
    ...questions,
    auditHeadsCommand,
    auditVerifyCommand,
    auditProveCommand,
    auditAcceptLossCommand,
  ])
    command.addCommand(part(deps));
  return command;
}

function question(name: string, description: string, help: string): Command {
  return withLedgerLocation(new Command(name).description(description)).addHelpText("after", help);
}

function whoCommand(deps: CommandDeps): Command {
  return question("who", "show which certificates an identity had, at a given time or ever", whoHelp)
    .argument("<spiffe-id>", "spiffe://<trust domain>/ns/<namespace>/sa/<service account>")
    .option("--at <when>", "RFC 3339 with an offset, or how long ago: -2h", instantOf(deps))
    .option("--limit <n>", "show at most this many certificates, newest first", parseCount, 20)
    .option("--json", "print JSON")
    .action((spiffeId: string, _, own: Command) => who(spiffeId, own.optsWithGlobals<WhoOptions>(), deps));
}

function certCommand(deps: CommandDeps): Command {
  return question("cert", "show which workload a certificate was issued to", certHelp)
    .argument("<certificate>", "serial, SHA-256 fingerprint, or file.pem")
    .option("--json", "print JSON")
    .action((target: string, _, own: Command) =>
      certificate(target, own.optsWithGlobals<CommonOptions>(), deps),
    );
}

function tailCommand(deps: CommandDeps): Command {
  return question("tail", "show the last entries", tailHelp)
    .option("-f, --follow", "print new entries as they are written, until Ctrl-C", false)
    .option("--lines <n>", "number of entries", parseCount, 20)
    .option("--json", "print one JSON object per line")
    .addOption(new Option("--list", "print the entries as one JSON document").hideHelp())
    .action((_, own: Command) => tail(own.optsWithGlobals<TailOptions>(), deps));
}

function exportCommand(deps: CommandDeps): Command {
  const formats = new Option("--format <format>", "jsonl prints the entries byte for byte").choices(
    exportFormats,
  );
  return question("export", "export the entries of a period for other programs", exportHelp)
    .requiredOption("--since <when>", "RFC 3339 with an offset, or how long ago: 24h", instantOf(deps))
    .option("--until <when>", "same formats; without it, up to the last entry", instantOf(deps))
    .addOption(formats.default("jsonl"))
    .addOption(new Option("--kind <kind>", "export only entries of this kind").choices(entryKinds))
    .action((options: ExportRange) => exportRange(options, deps));
}

interface WhoOptions extends CommonOptions {
  readonly at?: Date;
  readonly limit: number;
}

async function who(text: string, { at, limit, ...o }: WhoOptions, deps: CommandDeps): Promise<void> {
  const spiffeId = parseSpiffeId(text).toString();
  const answer = await auditSourceOf(o, deps).who({ spiffeId, at, limit });
  deps.screen.write(
    o.json ? toJson(whoJson(answer)) : renderWho(answer, deps.clock.now(), lookOf(deps.screen)),
  );
  if (answer.certificates.length === 0) deps.setExitCode(1);
}

async function certificate(target: string, o: CommonOptions, deps: CommandDeps): Promise<void> {
  const answer = await auditSourceOf(o, deps).certificate(await readCertificateTarget(target));
  const now = deps.clock.now();
  const text = () => renderCertificateAnswer(answer, now, lookOf(deps.screen));
  deps.screen.write(o.json ? toJson(certificateAnswerJson(answer)) : text());
  if (answer.certificates.length + answer.serving.length === 0) deps.setExitCode(1);
}

interface TailOptions extends CommonOptions {
  readonly follow: boolean;
  readonly lines: number;
  /** A `kasbah` outside the pod requests this format. */
  readonly list?: boolean;
}

async function tail({ follow, lines, list, ...o }: TailOptions, deps: CommandDeps): Promise<void> {
  const show = o.json
    ? entryJson
    : (found: Parameters<typeof renderEntryLine>[0]) => renderEntryLine(found, lookOf(deps.screen));
  if (list) return deps.screen.write(toJson((await auditSourceOf(o, deps).last(lines)).map(entryValue)));
  if (!namesCluster(o))
    return withLedger(ledgerDirectoriesOf(o, deps), deps, (ledger) =>
      showTail(ledger.tail(), { count: lines, follow, show }, deps),
    );
  if (follow)
    throw new ConfigInvalidError([
      "--follow: not supported for a CA in a cluster; run kasbah audit tail -f in a pod",
    ]);
  for (const found of await auditSourceOf(o, deps).last(lines)) deps.screen.write(show(found));
}

interface ExportRange extends LedgerLocation, ExportOptions {
  readonly since: Date;
  readonly until?: Date;
}

async function exportRange(options: ExportRange, deps: CommandDeps): Promise<void> {
  const { since, until } = options;
  await withLedger(ledgerDirectoriesOf(options, deps), deps, (ledger) =>
    exportEntries(ledger.since(since, until), options, deps),
  );
}

function instantOf({ clock }: CommandDeps): (text: string) => Date {
  return (text) => parseInstant(text, clock.now());
}

function parseCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number.");
}
