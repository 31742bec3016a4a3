import { writeFile } from "node:fs/promises";
import type { NewRequestMessage } from "@kasbah/protocol";
import { printableText } from "@kasbah/runtime";
import { Command } from "commander";
import { toJson } from "../../output/json.ts";
import { timeAndDistance } from "../../output/relative-time.ts";
import { flagsOf, withStateLocation } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { type ActOptions, actOn, withStoppedCa } from "./stopped-ca.ts";

interface CsrOptions extends ActOptions {
  readonly out?: string;
  readonly json?: boolean;
}

const help = `
The CA creates a key in its own storage and prints a CSR (PKCS #10) for it. The key never leaves the CA. Have the CSR signed
by your company's PKI as a CA with path length 0, without an extended key usage, and run kasbah authority adopt with the
result. Several CSRs may be outstanding; the CA destroys the key of one that is not adopted within 60 days.

Examples
  $ kasbah authority csr --out mesh-ca.csr
  $ kasbah authority adopt mesh-ca-chain.pem`;

/** `kasbah authority csr`. */
export function csrCommand(deps: CommandDeps): Command {
  const command = new Command("csr").description(
    "create a key and print a CSR, so that your PKI can sign an intermediate",
  );
  return withStoppedCa(withStateLocation(command))
    .option("--out <file>", "write the CSR to a new file")
    .option("--json", "print JSON")
    .addHelpText("after", help)
    .action((_, own: Command) => printRequest(own.optsWithGlobals<CsrOptions>(), deps));
}

async function printRequest(o: CsrOptions, deps: CommandDeps): Promise<void> {
  const { screen, clock, stderr } = deps;
  const { answer: request, note } = await actOn(
    {
      ...{ name: "create-request", arguments: {} },
      running: (ca): Promise<NewRequestMessage> => ca.createRequest(),
      stopped: ({ requests }) => requests.create(),
    },
    o,
    deps,
  );
  if (note !== undefined) stderr.write(`${printableText(note)}\n`);
  const { id, csrPem, expiresAt } = request;
  if (o.json) return screen.write(toJson(request));
  const until = timeAndDistance(expiresAt, clock.now());
  const next = `${id} waits until ${until} for: kasbah authority adopt CHAIN${flagsOf(o)}`;
  if (o.out === undefined) {
    screen.write(csrPem);
    stderr.write(`${printableText(next)}\n`);
    return;
  }
  // An existing file may be the CSR of another request.
  await writeFile(o.out, csrPem, { flag: "wx" });
  screen.write(`${printableText(`${o.out}: ${next}`)}\n`);
}
