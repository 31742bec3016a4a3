import { ConfigInvalidError } from "@kasbah/runtime";
import { Command, InvalidArgumentError } from "commander";
import { parseInstant } from "../../audit/instant.ts";
import { withLedger } from "../../audit/ledger-access.ts";
import { namesCluster } from "../../kubectl/cluster-choice.ts";
import { toJsonLine } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { type WideOption, withWide } from "../../output/terminal/wide-option.ts";
import { followRefusals } from "../../refusals/follow-refusals.ts";
import {
  type AddressFilter,
  parseAddressFilter,
  parseCode,
  type RefusalFilter,
} from "../../refusals/refusal-filter.ts";
import type { ListedRefusal } from "../../refusals/refusal-list.ts";
import {
  refusalJson,
  refusalsJson,
  renderDropped,
  renderRefusal,
  renderRefusals,
} from "../../refusals/render-refusals.ts";
import { type AuditLocation, ledgerDirectoriesOf, withLedgerLocation } from "../audit/location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { readRefusals } from "./read-refusals.ts";

interface RefusalsOptions extends AuditLocation, WideOption {
  readonly since?: Date;
  readonly code?: string;
  readonly address?: AddressFilter;
  readonly lines: number;
  readonly follow: boolean;
  readonly json: boolean;
}

const dayMs = 86_400_000;

const help = `
Lists the calls that the CA refused, those of unauthenticated callers included: the last ones of the past 24 h. It reads the
ledger in the state directory; the CA may be running or stopped. CALLER is the namespace and service account of an
authenticated caller, else the address.

Unauthenticated callers can cause any number of refusals. The CA keeps the newest of them, at most 30 per minute and address
and 16 MiB in all, and counts the rest; the counts are in the last lines.

Examples
  $ kasbah refusals
  $ kasbah refusals -f --code TOKEN_AUDIENCE
  $ kasbah refusals --since 15m --address 10.1.2.0/24
  $ kasbah refusals --since 1h --json | jq .codes
  $ kasbah -n kasbah-system refusals               in a cluster: reads the ledgers of all replicas`;

/** `kasbah refusals`. */
export function refusalsCommand(deps: CommandDeps): Command {
  const command = new Command("refusals").description("list the calls that the CA refused, and from where");
  return withWide(withLedgerLocation(command))
    .option("--since <when>", "RFC 3339 with an offset, or how long ago (default: 24h)", (text) =>
      parseInstant(text, deps.clock.now()),
    )
    .option("--code <code>", "only refusals with this code", parseCode)
    .option("--address <address>", "only callers at this address, or in this network", parseAddressFilter)
    .option("--lines <n>", "show at most this many, the newest", parseCount, 20)
    .option("-f, --follow", "print new refusals as they are recorded, until Ctrl-C", false)
    .option("--json", "print JSON; with -f, one object per line", false)
    .addHelpText("after", help)
    .action((_, own: Command) => refusals(own.optsWithGlobals<RefusalsOptions>(), deps));
}

async function refusals(options: RefusalsOptions, deps: CommandDeps): Promise<void> {
  const { code, address, follow, json } = options;
  const since = options.since ?? new Date(deps.clock.now().getTime() - (follow ? 0 : dayMs));
  const filter: RefusalFilter = { since, code, address };
  if (follow) return followLocal(options, filter, deps);
  const list = await readRefusals(options, filter, options.lines, deps);
  deps.screen.write(json ? refusalsJson(list) : renderRefusals(list, filter, lookOf(deps.screen, options)));
}

async function followLocal(
  options: RefusalsOptions,
  filter: RefusalFilter,
  deps: CommandDeps,
): Promise<void> {
  if (namesCluster(options))
    throw new ConfigInvalidError([
      "--follow: not supported for a CA in a cluster; run kasbah refusals -f in a pod",
    ]);
  const print = options.json
    ? { refusal: refusalJson, dropped: toJsonLine }
    : {
        refusal: (one: ListedRefusal) => renderRefusal(one, undefined, lookOf(deps.screen, options)),
        dropped: renderDropped,
      };
  await withLedger(ledgerDirectoriesOf(options, deps), deps, (ledger) =>
    followRefusals(ledger, filter, print, deps),
  );
}

function parseCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a whole number.");
}
