import { stat } from "node:fs/promises";
import { StateError, type TriedSet, trySet } from "@kasbah/ca-server/state";
import { parseTrustDomain } from "@kasbah/pki";
import { Command } from "commander";
import type { ClusterChoice } from "../../kubectl/cluster-choice.ts";
import { readSecret } from "../../kubectl/read-secret.ts";
import { toJson } from "../../output/json.ts";
import type { CommandDeps } from "../command-deps.ts";

interface TryCommandOptions extends ClusterChoice {
  readonly trustDomain: string;
  readonly policy?: string;
  readonly keyPassphraseFile?: string;
  readonly presentRoots?: string;
  readonly serverSan: readonly string[];
  readonly nodeProxies: boolean;
  readonly json: boolean;
}

const help = `
Tries a CA of your own before it is mounted: every check of kasbah-server, and TLS handshakes with throw-away certificates
that have the names of the policy and of the CA's own server. It changes nothing and needs no running CA. A directory has
the files ca-cert.pem, ca-key.pem, cert-chain.pem, root-cert.pem, or tls.crt, tls.key, ca.crt. Any other argument names a
Secret, which kubectl reads from the namespace of -n.

Give it the options of your kasbah-server that decide names: --trust-domain, --policy, --server-san.
With --present-roots, it also checks that clients which hold only these roots accept the CA.

Exit codes
  0  the CA works; there may be warnings about some clients
  1  kasbah-server would refuse it; the message names the certificate and the fix

Examples
  $ kasbah authority try cacerts/
  $ kasbah authority try cacerts/ --policy policy.yaml --present-roots root-cert.pem
  $ kasbah -n istio-system authority try cacerts
  $ kasbah authority try cacerts/ --json | jq -r '.warnings[]'`;

/** `kasbah authority try`: the rehearsal of a plugged-in CA on a laptop. */
export function tryCommand(deps: CommandDeps): Command {
  const collect = (name: string, names: readonly string[]) => [...names, name];
  return new Command("try")
    .description("try a CA of your own before it is mounted; the exit code is the result")
    .argument("<directory|secret>", "a directory of a plugged-in CA, or the name of a Secret")
    .option("--trust-domain <name>", "trust domain of every identity", "cluster.local")
    .option("--policy <file>", "policy whose DNS names the CA must be able to issue")
    .option("--server-san <name>", "additional name of the CA's server; repeatable", collect, [])
    .option("--key-passphrase-file <file>", "file with the passphrase of the key")
    .option("--present-roots <file>", "the roots that clients hold now")
    .option(
      "--node-proxies",
      "refuse what node proxies with rustls reject, as with --trusted-node-account",
      false,
    )
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((target: string, _, own: Command) => tryTarget(target, own.optsWithGlobals(), deps));
}

async function tryTarget(target: string, options: TryCommandOptions, deps: CommandDeps): Promise<void> {
  const { json, nodeProxies: hasNodeProxies, serverSan, policy, keyPassphraseFile, presentRoots } = options;
  const trustDomain = parseTrustDomain(options.trustDomain);
  const names = { trustDomain, policy, serverSan };
  try {
    const location = await locate(target, options, deps);
    const how = { ...names, keyPassphraseFile, presentRoots, hasNodeProxies, clock: deps.clock };
    const tried = await trySet(location, how);
    deps.screen.write(json ? toJson({ usable: true, ...tried }) : render(target, tried));
  } catch (error) {
    if (!(error instanceof StateError && json)) throw error;
    deps.screen.write(toJson({ usable: false, code: error.code, problem: error.message }));
    deps.setExitCode(1);
  }
}

async function locate(target: string, choice: ClusterChoice, deps: CommandDeps) {
  const isDirectory = await stat(target).then(
    (found) => found.isDirectory(),
    () => false,
  );
  // A text with a slash is a path, so that a typing error never asks a cluster.
  return isDirectory || target.includes("/") ? { directory: target } : readSecret(target, choice, deps);
}

function render(target: string, { chain, roots, warnings }: TriedSet): string {
  const lines = chain.map(({ role, subject, fingerprint, notAfter }) => {
    const until = notAfter.toISOString().slice(0, 10);
    return `  ${role.padEnd(12)}  ${subject}, until ${until}, SHA-256 ${fingerprint.slice(0, 16)}`;
  });
  const trusted = roots === 1 ? "1 root" : `${roots} roots`;
  const said = warnings.map((warning) => `warning: ${warning}`);
  return [`${target} works; clients will trust ${trusted}`, ...lines, ...said, ""].join("\n");
}
