import type { SignedChainMessage } from "@kasbah/protocol";
import { Command, InvalidArgumentError, Option } from "commander";
import { renderRotation } from "../../authority/render-status.ts";
import { toJson } from "../../output/json.ts";
import { lookOf } from "../../output/terminal/look.ts";
import { readArgument } from "../argument-files.ts";
import { withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type ActOptions, actOnStatus, withStoppedCa } from "./stopped-ca.ts";

interface AdoptOptions extends ActOptions {
  readonly root?: string;
  readonly chainBase64?: string;
  readonly rootBase64?: string;
  readonly json?: boolean;
}

const help = `
CHAIN is a PEM file with the certificate that your PKI signed for a CSR of kasbah authority csr, and the intermediates above
it, in any order. It may contain the root. Otherwise name the root with --root, unless the CA already uses it.

The CA verifies that TLS clients will accept certificates under the chain, then begins a rotation: under the root in use,
the new intermediate signs at once; under another root, the stages of a root rotation follow.

Examples
  $ kasbah authority adopt mesh-ca-chain.pem
  $ kasbah authority adopt mesh-ca.pem --root company-root.pem`;

/** `kasbah authority adopt`. */
export function adoptCommand(deps: CommandDeps): Command {
  const command = new Command("adopt")
    .description("use the chain that your PKI signed for a CSR of this CA")
    .argument("[chain]", "PEM file with the signed certificate and those above it");
  return withStoppedCa(withStateLocation(command))
    .option("--root <file>", "PEM file with the root")
    .addOption(new Option("--chain-base64 <text>").hideHelp())
    .addOption(new Option("--root-base64 <text>").hideHelp())
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action((chain: string | undefined, _, own: Command) =>
      adopt(chain, own.optsWithGlobals<AdoptOptions>(), deps),
    );
}

async function adopt(chain: string | undefined, o: AdoptOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock } = deps;
  const signed = await signedChainOf(chain, o);
  const { answer: status } = await actOnStatus(
    {
      ...{ name: "adopt-chain", arguments: {} },
      running: (ca) => ca.adoptChain(signed),
      async stopped({ requests, operations }) {
        await requests.adopt(signed);
        return operations.status();
      },
    },
    o,
    deps,
  );
  screen.write(o.json ? toJson(status) : renderRotation(status, clock.now(), lookOf(screen)));
}

/** The base64 options replace files when the command runs in a pod for an operator elsewhere. */
async function signedChainOf(
  chain: string | undefined,
  { root, chainBase64, rootBase64 }: AdoptOptions,
): Promise<SignedChainMessage> {
  const rootsPem = rootBase64 === undefined ? await textOf(root) : decoded(rootBase64);
  if (chainBase64 !== undefined) return { chainPem: decoded(chainBase64), rootsPem };
  if (chain === undefined) throw new InvalidArgumentError("expected the file with the signed chain.");
  return { chainPem: await textOf(chain), rootsPem };
}

async function textOf(path: string | undefined): Promise<string> {
  return path === undefined ? "" : readArgument(path);
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}
