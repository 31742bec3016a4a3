import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DevTokenIssuer } from "@kasbah/certs-dev";
import { type HostPort, parseHostPort } from "@kasbah/runtime";
import { temporaryDirectory } from "@kasbah/testkit";
import { type DaemonLaunch, DaemonProcess } from "./daemon-process.ts";
import { serverBin } from "./repository.ts";
import { saveIssuer } from "./token-issuer.ts";

export interface CaLaunch extends DaemonLaunch {
  readonly stateDir: string;
  /**
   * Flags besides those for the state directory, the log format and, unless given here, the two addresses and
   * the least duration of each stage of a rotation, which is 0.
   */
  readonly flags?: readonly string[];
}

const workers = process.env["KASBAH_WORKERS"];

const unlessGiven = [
  ["--grpc-address", "127.0.0.1:0"],
  ["--http-address", "127.0.0.1:0"],
  ["--min-stage", "0s"],
  // KASBAH_WORKERS=2 runs a suite against CAs with two worker processes each.
  ...(workers === undefined ? [] : [["--workers", workers] as const]),
] as const;

/** kasbah-server as it ships, in its own process, on ports that the system chooses. */
export class CaProcess extends DaemonProcess {
  readonly stateDir: string;

  constructor({ stateDir, flags = [], ...launch }: CaLaunch) {
    const own = ["--state-dir", stateDir, "--log-format", "json", ...defaultsFor(flags)];
    super("kasbah-server", [serverBin, ...own, ...flags], launch);
    this.stateDir = stateDir;
  }

  /** The address of the gRPC port, as soon as it listens. */
  async grpcAddress(): Promise<HostPort> {
    const { address } = await this.logged("grpc server listens");
    return parseHostPort(String(address));
  }

  /** The published trust bundle. */
  rootPem(): Promise<string> {
    return readFile(join(this.stateDir, "public", "root-cert.pem"), "utf8");
  }
}

function defaultsFor(flags: readonly string[]): readonly string[] {
  return unlessGiven.filter(([flag]) => !flags.includes(flag)).flat();
}

export interface CaOptions extends Omit<CaLaunch, "stateDir"> {
  /** Whether the CA accepts tokens of an issuer created for it; true by default. */
  readonly withIssuer?: boolean;
}

/** A CA that is ready, with the directory and the token issuer created for it. */
export interface RunningCa extends AsyncDisposable {
  readonly process: CaProcess;
  readonly pid: number;
  /** The gRPC port. */
  readonly port: number;
  readonly rootPem: string;
  readonly stateDir: string;
  readonly tokens: DevTokenIssuer;
  /** Stops the CA and removes its directory. */
  stop(): Promise<void>;
}

/** Starts a CA in a temporary directory and resolves when it is ready; the caller must stop it. */
export async function startCa({
  withIssuer = true,
  flags = [],
  ...launch
}: CaOptions = {}): Promise<RunningCa> {
  const directory = await temporaryDirectory();
  const issuer = await saveIssuer(directory.join("issuer"));
  const stateDir = directory.join("state");
  const callers = withIssuer ? issuer.flags : [];
  const ca = new CaProcess({ ...launch, stateDir, flags: [...callers, ...flags] });
  const stop = () => ca.stop().finally(() => directory.remove());
  try {
    await ca.untilReady();
    const [{ port }, rootPem] = await Promise.all([ca.grpcAddress(), ca.rootPem()]);
    const { tokens } = issuer;
    return { process: ca, pid: ca.pid, port, rootPem, stateDir, tokens, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
