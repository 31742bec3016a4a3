import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../../../harness/repository.ts";
import type { WorkloadClient } from "./client.ts";
import { cachedOnce, requireDebian } from "./install.ts";
import { JsonProgram } from "./json-program.ts";

const here = join(repositoryRoot, "test/interop/workload-api/python");

export const pySpiffe: WorkloadClient = {
  name: "py-spiffe",
  x509: [
    "X509Source",
    "X509Source.get_x509_context",
    "fetch_x509_svid",
    "fetch_x509_svids",
    "fetch_x509_context",
    "fetch_x509_bundles",
    "fresh handshakes",
  ],
  watches: ["stream_x509_contexts"],
  emptyKeySets: ["JwtSource", "fetch_jwt_bundles"],
  refused: ["JwtSource.fetch_svid", "fetch_jwt_svid", "fetch_jwt_svids", "validate_jwt_svid"],
  install() {
    const missing = requireDebian("python3", "python3-venv", ["-m", "venv", "--help"]);
    if (missing === undefined) python();
    return missing;
  },
  start: (workload) => new JsonProgram([python(), join(here, "workload_client.py")], workload),
};

/** Installs the library and its TLS companion into a virtual environment; returns its interpreter. */
function python(): string {
  const requirements = join(here, "requirements.txt");
  const home = cachedOnce("py-spiffe", [requirements], (target) => {
    execFileSync("python3", ["-m", "venv", target]);
    execFileSync(join(target, "bin/python"), ["-m", "pip", "install", "--quiet", "-r", requirements], {
      stdio: ["ignore", "inherit", "inherit"],
    });
  });
  return join(home, "bin/python");
}
