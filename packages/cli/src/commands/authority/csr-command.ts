import type { StoppedCa } from "@kasbah/ca-server/state";
import type { NewRequestMessage } from "@kasbah/protocol";
import { printableText } from "@kasbah/runtime";
import { Command } from "commander";
import type { OperatorClient } from "../../authority/operator-client.ts";
import { toJson } from "../../output/json.ts";
import { timeAndDistance } from "../../output/relative-time.ts";
import { writeNewFile } from "../argument-files.ts";
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
  const { out } = o;
  if (out === undefined) {
    const request = await createRequest(o, deps);
    if (o.json) return screen.write(toJson(request));
    screen.write(request.csrPem);
    stderr.write(`${printableText(nextStep(request, o, clock.now()))}\n`);
    return;
  }
  let request: NewRequestMessage | undefined;
  await writeNewFile(out, async () => {
    request = await createRequest(o, deps);
    return request.csrPem;
  });
  if (request === undefined) return;
  if (o.json) return screen.write(toJson(request));
  screen.write(`${printableText(`${out}: ${nextStep(request, o, clock.now())}`)}\n`);
}

async function createRequest(o: CsrOptions, deps: CommandDeps): Promise<NewRequestMessage> {
  const act = {
    ...{ name: "create-request", arguments: {} },
    running: (ca: OperatorClient): Promise<NewRequestMessage> => ca.createRequest(),
    stopped: ({ requests }: StoppedCa) => requests.create(),
  };
  const { answer, note } = await actOn(act, o, deps);
  if (note !== undefined) deps.stderr.write(`${printableText(note)}\n`);
  return answer;
}

function nextStep({ id, expiresAt }: NewRequestMessage, o: CsrOptions, now: Date): string {
  return `${id} waits until ${timeAndDistance(expiresAt, now)} for: kasbah authority adopt CHAIN${flagsOf(o)}`;
}
