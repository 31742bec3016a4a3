import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { CertsDevError } from "./errors.ts";
import { createTokenIssuer, loadTokenIssuer } from "./token-issuer.ts";

const help = `certs-dev: throw-away development credentials. NEVER TRUST THEM.

Usage
  certs-dev issuer [DIR] [--issuer URL]     create a token issuer: token-key.pem (0600), jwks.json, issuer.json
  certs-dev token  [DIR] --namespace NS --service-account SA
                   [--audience istio-ca] [--lifetime 1h] [--out FILE]

DIR defaults to certs-dev/out (git-ignored). The token is written to standard output, or to FILE (0600).
It resembles the projected token that Kubernetes mounts into a pod; jwks.json verifies it.

Example: a CA that trusts the issuer, and a token for its first workload
  certs-dev issuer
  kasbah-server --jwks certs-dev/out/jwks.json --token-issuer https://certs-dev.invalid
  certs-dev token --namespace demo --service-account frontend --out frontend.token
  kasbah-agent --token-file frontend.token --ca-address 127.0.0.1:15012 --ca-root root-cert.pem
`;

/** Values from the process environment. */
export interface CommandOptions {
  readonly defaultDirectory: string;
  readonly now: Date;
}

/** Runs one command line and returns what to print. @throws CertsDevError */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<string> {
  const { values, positionals } = parseCommandLine(argv);
  const [verb, directory = options.defaultDirectory, extra] = positionals;
  if (values.help || verb === undefined) return help;
  if (extra !== undefined) throw new CertsDevError("USAGE", `expected at most one DIR, also got ${extra}`);
  if (verb === "issuer") return makeIssuer(directory, values.issuer);
  if (verb === "token") return mintToken(directory, values, options.now);
  throw new CertsDevError("USAGE", `unknown command ${verb}: expected issuer or token`);
}

async function makeIssuer(directory: string, issuer: string): Promise<string> {
  await (await createTokenIssuer({ issuer })).save(directory);
  return `issuer ${issuer}\nwrote  ${directory}/{token-key.pem,jwks.json,issuer.json}\nnever trust it outside this machine\n`;
}

type Flags = ReturnType<typeof parseCommandLine>["values"];

async function mintToken(directory: string, flags: Flags, now: Date): Promise<string> {
  const { namespace, "service-account": serviceAccount, audience, lifetime, out } = flags;
  if (!namespace || !serviceAccount) {
    throw new CertsDevError("USAGE", "token requires --namespace and --service-account");
  }
  const lifetimeMs = parseLifetime(lifetime);
  const issuer = await loadTokenIssuer(directory);
  const token = `${await issuer.mint({ namespace, serviceAccount, audience, lifetimeMs, now })}\n`;
  if (out === undefined) return token;
  await writeFile(out, token, { mode: 0o600 });
  return `wrote  ${out}\n`;
}

function parseCommandLine(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h", default: false },
        issuer: { type: "string", default: "https://certs-dev.invalid" },
        namespace: { type: "string" },
        "service-account": { type: "string" },
        audience: { type: "string", default: "istio-ca" },
        lifetime: { type: "string", default: "1h" },
        out: { type: "string" },
      },
    });
  } catch (cause) {
    throw new CertsDevError("USAGE", cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

const unitMs = new Map([
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

function parseLifetime(text: string): number {
  const [, count, unit = ""] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  const ms = unitMs.get(unit);
  if (ms === undefined)
    throw new CertsDevError(
      "USAGE",
      `--lifetime: expected a duration such as 90s, 15m, 1h or 7d, got ${text}`,
    );
  return Number(count) * ms;
}
