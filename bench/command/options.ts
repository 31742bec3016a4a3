import { parseArgs } from "node:util";
import type { Suite } from "../suites/suite.ts";

/** What a run of the benchmark is asked to do. */
export interface Options {
  readonly suites: readonly string[];
  readonly full: boolean;
  /** Only the rows of `issuance` whose name contains this text; "" for all. */
  readonly only: string;
  readonly rounds: number;
  readonly calls: number;
  readonly warmUp: number;
  readonly workers: readonly number[];
  /** Other checkouts to measure beside this one, as `NAME=DIR` or `DIR`. */
  readonly servers: readonly string[];
  /** Whether to build and measure other CAs; undefined for those that have been built before. */
  readonly peers: boolean | undefined;
  readonly given:
    | { readonly address: string; readonly rootFile: string; readonly pid: number | undefined }
    | undefined;
  readonly tokensFile: string | undefined;
  readonly json: string | undefined;
  readonly check: boolean;
  readonly accept: boolean;
  readonly help: boolean;
}

/** @throws Error with a sentence for the person at the terminal */
export function parseOptions(argv: readonly string[], known: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    allowNegative: true,
    options: {
      full: { type: "boolean", default: false },
      only: { type: "string", default: "" },
      rounds: { type: "string", default: "4" },
      calls: { type: "string", default: "600" },
      "warm-up": { type: "string", default: "20000" },
      workers: { type: "string", default: "1,2" },
      server: { type: "string", multiple: true, default: [] },
      peers: { type: "boolean" },
      target: { type: "string" },
      root: { type: "string" },
      pid: { type: "string" },
      tokens: { type: "string" },
      json: { type: "string" },
      check: { type: "boolean", default: false },
      accept: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`unknown suite ${unknown.join(", ")}: expected ${known.join(", ")}`);
  if ((values.target === undefined) !== (values.root === undefined)) {
    throw new Error("--target and --root belong together: host:port of the CA and the file with its root");
  }
  return {
    suites: positionals,
    full: values.full,
    only: values.only,
    rounds: countOf("--rounds", values.rounds),
    calls: countOf("--calls", values.calls),
    warmUp: countOf("--warm-up", values["warm-up"]),
    workers: values.workers.split(",").map((count) => countOf("--workers", count)),
    servers: values.server,
    peers: values.peers,
    given:
      values.target === undefined
        ? undefined
        : {
            address: values.target,
            rootFile: values.root ?? "",
            pid: values.pid === undefined ? undefined : countOf("--pid", values.pid),
          },
    tokensFile: values.tokens,
    json: values.json,
    check: values.check,
    accept: values.accept,
    help: values.help,
  };
}

function countOf(flag: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`${flag} takes a whole number above 0, not ${text}`);
  return Number(text);
}

export function usage(suites: readonly Suite[]): string {
  return `Usage: npm run bench -- [suite ...] [flags]

Measures the CA and the agent of this checkout on this machine: real processes over loopback, called by a load
generator in a process of its own. Needs Linux and the openssl command; run npm run build first. Every row is the
median of several rounds in which all CAs take turns; "× openssl" is CPU time in units of one ECDSA P-256 signature
and verification by openssl speed in the same round, so it can be compared between machines.

Suites (all of them unless named):
${suites.map(({ name, takes, title }) => `  ${name.padEnd(10)}${takes.padEnd(8)}${title}`).join("\n")}

How much:
  --full               every row and the long loads, instead of the most telling ones
  --only TEXT          the rows of issuance whose name contains this text, such as "16 callers"
  --rounds N           rounds of each row [4]
  --calls N            calls of each row in a round [600]
  --warm-up N          calls before the first round [20000], in which V8 compiles the code of a CA that works for hours
  --workers LIST       numbers of workers to measure [1,2]

What else to measure, in the same rounds and the same tables:
  --server NAME=DIR    kasbah-server of another checkout that has been built, such as an old release; repeatable
  --peers              step-ca and Istio's CA, built once from Go modules into .cache; later runs measure them
                       without this flag, unless --no-peers is given
  --target HOST:PORT --root FILE
                       a CA that is already running, such as istiod, with the file of its root certificate; its CPU
                       and memory are read if it runs here and --pid names it
  --tokens FILE        the callers' tokens for --target, one on each line, instead of those of .cache/bench, whose
                       keys are in .cache/bench/jwks.json

Results:
  --json FILE          where to write the figures [bench/out/<time>.json]
  --check              compare the ratios with bench/ratios.json; exit with 1 if one is worse beyond its noise
  --accept             write the measured ratios into bench/ratios.json

Examples:
  npm run bench                                        a summary of everything
  npm run bench -- issuance --server old=../kasbah-1   this checkout against another
  npm run bench -- issuance --peers --full             every row, with the peers
  npm run bench:growth                                 issues a million certificates and measures what that changes
`;
}
