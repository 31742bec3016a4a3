import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { repositoryRoot } from "../../../harness/repository.ts";
import type { WorkloadClient } from "./client.ts";
import { cachedOnce } from "./install.ts";
import { JsonProgram } from "./json-program.ts";

const here = join(repositoryRoot, "test/interop/workload-api/rust");
const manifest = ["--locked", "--manifest-path", join(here, "Cargo.toml")];

export const rustSpiffe: WorkloadClient = {
  name: "the Rust crate spiffe",
  x509: ["X509Source", "fetch_x509_svid", "fetch_all_x509_svids", "fetch_x509_context", "fetch_x509_bundles"],
  watches: ["X509Source", "stream_x509_contexts", "stream_x509_svids", "stream_x509_bundles"],
  emptyKeySets: ["JwtSource", "fetch_jwt_bundles"],
  refused: ["JwtSource.fetch_jwt_svid", "fetch_jwt_svid", "validate_jwt_token"],
  install() {
    const fetched = spawnSync("cargo", ["fetch", "--quiet", ...manifest], { encoding: "utf8" });
    if (fetched.error !== undefined) return "no cargo";
    if (fetched.status !== 0) return `cargo cannot fetch the crates: ${fetched.stderr.trim().slice(-300)}`;
    program();
    return undefined;
  },
  start: (workload) => new JsonProgram([program()], workload),
};

function program(): string {
  const sources = ["Cargo.toml", "Cargo.lock", "src/main.rs"].map((file) => join(here, file));
  const home = cachedOnce("rust-spiffe", sources, (target) => {
    const options = ["--quiet", "--target-dir", target, ...manifest];
    execFileSync("cargo", ["build", ...options], { stdio: ["ignore", "inherit", "inherit"] });
  });
  return join(home, "debug/workload-client");
}
