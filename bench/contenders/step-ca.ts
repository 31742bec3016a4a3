import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@kasbah/testkit";
import { LoggedProcess } from "../../test/harness/logged-process.ts";
import type { Contender, RootKey } from "./contender.ts";
import { buildPeer, type GoPeer } from "./go-peer.ts";

export const stepCaPeer: GoPeer = {
  name: "step-ca",
  package: "github.com/smallstep/certificates/cmd/step-ca",
};

/** step-ca as `step ca init` configures it: an intermediate, a JWK provisioner with one-time tokens, a badger database. */
export function stepCa(say: (text: string) => void): Contender {
  return {
    name: "step-ca",
    dialect: "step-ca",
    isPeer: true,
    whyNot: ({ workers, tokens }) => {
      if (tokens === "token-review") return "step-ca has no TokenReview";
      return workers > 1 ? "step-ca has no workers: it uses every core" : undefined;
    },
    async start({ rootKey }, folder, { issuer }) {
      const binary = buildPeer(stepCaPeer, say);
      mkdirSync(folder, { recursive: true });
      createChain(folder, rootKey);
      const port = await freePort();
      const config = join(folder, "ca.json");
      writeFileSync(config, JSON.stringify(configuration(folder, port, issuer.provisionerJwk)));
      const ca = new LoggedProcess({ title: "step-ca", command: [binary, config], env: { HOME: folder } });
      await ca.says("Serving HTTPS on");
      const rootsPem = readFileSync(join(folder, "root.pem"), "utf8");
      const target = { dialect: "step-ca", host: "127.0.0.1", port, rootsPem } as const;
      return { pid: ca.pid, target, stop: () => ca.stop() };
    },
  };
}

function configuration(folder: string, port: number, key: object): object {
  const claims = { maxTLSCertDuration: "24h", defaultTLSCertDuration: "24h" };
  return {
    root: join(folder, "root.pem"),
    crt: join(folder, "intermediate.pem"),
    key: join(folder, "intermediate.key"),
    address: `127.0.0.1:${port}`,
    dnsNames: ["127.0.0.1", "localhost"],
    db: { type: "badgerv2", dataSource: join(folder, "db") },
    logger: { format: "json" },
    authority: {
      // The tokens are older than this CA.
      disableIssuedAtCheck: true,
      provisioners: [{ type: "JWK", name: "bench", key, claims }],
    },
  };
}

/** A root and an intermediate by the openssl command. */
function createChain(folder: string, rootKey: RootKey): void {
  const openssl = (...args: readonly string[]) =>
    execFileSync("openssl", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const newKey = rootKey.startsWith("RSA")
    ? ["-newkey", `rsa:${rootKey.slice(4)}`]
    : ["-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${rootKey}`];
  const ca = (pathLength: number) => [
    ...["-addext", `basicConstraints=critical,CA:TRUE,pathlen:${pathLength}`],
    ...["-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  ];
  const request = ["req", "-x509", ...newKey, "-nodes", "-days", "3650"];
  openssl(...request, ...ca(1), "-subj", "/CN=root", "-keyout", "root.key", "-out", "root.pem");
  const issuer = ["-CA", "root.pem", "-CAkey", "root.key"];
  const files = ["-keyout", "intermediate.key", "-out", "intermediate.pem"];
  openssl(...request, ...ca(0), ...issuer, "-subj", "/CN=intermediate", ...files);
}
