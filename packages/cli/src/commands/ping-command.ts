import { type HostPort, parseDuration, parseHostPort, quoted } from "@kasbah/runtime";
import { Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "../errors.ts";
import { ping } from "../ping/ping.ts";
import type { CommandDeps } from "./command-deps.ts";

const help = `
Completes a TLS handshake with a CA from this machine, as an agent does, and reads whether it is ready. It needs no
credential and requests no certificate. helm test of the chart runs it in the cluster.

Exit codes
  0  the CA answers and, with --ready, is ready
  1  it does not, or a root in --root-file does not verify its certificate

Examples
  $ kasbah ping kasbah.kasbah-system.svc:15012 --root-file root-cert.pem --ready kasbah.kasbah-system.svc:15014
  $ kasbah ping 127.0.0.1:15012 --wait 30s`;

interface Options {
  readonly rootFile?: string;
  readonly ready?: HostPort;
  readonly wait: number;
}

/** `kasbah ping`. */
export function pingCommand(deps: CommandDeps): Command {
  return new Command("ping")
    .description("verify that a CA answers, with the certificate of its mesh")
    .argument("<host:port>", "the gRPC port of a CA")
    .option("--root-file <file>", "verify the CA by the roots in this PEM file")
    .addOption(
      new Option("--ready <host:port>", "also require that the CA is ready, by its health check").argParser(
        address,
      ),
    )
    .addOption(
      new Option("--wait <duration>", "try again for this long")
        .argParser(duration)
        .default(0, "one attempt"),
    )
    .addHelpText("after", help)
    .action(async (target: string, { rootFile, ready, wait: waitMs }: Options) => {
      const given = parseAddress(target);
      if (given === undefined)
        throw new CliError("TARGET_INVALID", `${expectedAddress}, got ${quoted(target)}`);
      deps.screen.write(await ping({ address: given, rootFile, ready, waitMs }, deps));
    });
}

const expectedAddress = "expected host:port, such as kasbah.kasbah-system.svc:15012";

function parseAddress(text: string): HostPort | undefined {
  try {
    const parsed = parseHostPort(text);
    return parsed.port > 0 ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function address(text: string): HostPort {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new InvalidArgumentError(`${expectedAddress}.`);
  return parsed;
}

function duration(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError("expected a duration such as 30s or 2m.");
  }
}
