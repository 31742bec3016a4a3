import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { nodeClient, opensslClient, type TlsClient, verdictOf } from "../../harness/fixed-roots.ts";
import { hasGo } from "../../harness/go-program.ts";
import { repositoryRoot } from "../../harness/repository.ts";

/** A TLS library, or why it cannot be tried here. */
export type NamedClient = { readonly name: string } & (
  | { readonly client: TlsClient }
  | { readonly missing: string }
);

const here = join(repositoryRoot, "test/interop/fixed-roots");
/** The client and the library are fixed, so that a result can be repeated. */
const grpcio = "grpcio==1.85.3";

/** The TLS libraries with which gateways, agents and sidecars verify a CA. */
export function tlsClients(): readonly NamedClient[] {
  return [
    { name: "OpenSSL in strict mode", client: opensslClient },
    { name: "Node", client: nodeClient },
    goClient(),
    javaClient(),
    grpcClient(),
  ];
}

function goClient(): NamedClient {
  if (!hasGo()) return { name: "Go", missing: "no go" };
  const source = join(here, "client.go");
  return {
    name: "Go",
    client: (port, rootFile) => verdictOf("go", ["run", source, `127.0.0.1:${port}`, rootFile]),
  };
}

function javaClient(): NamedClient {
  if (!canRun("java", "-version")) return { name: "Java", missing: "no java" };
  const source = join(here, "Client.java");
  return { name: "Java", client: (port, rootFile) => verdictOf("java", [source, `${port}`, rootFile]) };
}

/** Installs the library into the cache, once. */
function grpcClient(): NamedClient {
  const name = "gRPC's C core with BoringSSL";
  if (!canRun("python3", "--version")) return { name, missing: "no python3" };
  const home = join(repositoryRoot, ".cache", grpcio);
  const python = join(home, "bin/python");
  const source = join(here, "client.py");
  if (!existsSync(join(home, "installed"))) {
    execFileSync("python3", ["-m", "venv", "--clear", home]);
    execFileSync(python, ["-m", "pip", "install", "--quiet", grpcio]);
    execFileSync("touch", [join(home, "installed")]);
  }
  return {
    name,
    client: (port, rootFile) => verdictOf(python, [source, `127.0.0.1:${port}`, rootFile]),
  };
}

function canRun(program: string, flag: string): boolean {
  return spawnSync(program, [flag], { stdio: "ignore" }).status === 0;
}
