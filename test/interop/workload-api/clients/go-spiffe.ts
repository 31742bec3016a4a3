import { hasGo } from "../../../harness/go-program.ts";
import { buildWorkloadClient } from "../build.ts";
import type { WorkloadClient } from "./client.ts";
import { requireTool } from "./install.ts";
import { JsonProgram } from "./json-program.ts";

export const goSpiffe: WorkloadClient = {
  name: "go-spiffe",
  x509: [
    "NewX509Source",
    "NewBundleSource",
    "FetchX509SVID",
    "FetchX509SVIDs",
    "FetchX509Context",
    "FetchX509Bundles",
    "spiffetls.Listen",
    "spiffetls.Dial",
    "fresh handshakes",
  ],
  watches: ["WatchX509Context", "WatchX509Bundles"],
  emptyKeySets: ["NewJWTSource", "FetchJWTBundles"],
  refused: ["JWTSource.FetchJWTSVID", "FetchJWTSVID", "FetchJWTSVIDs", "ValidateJWTSVID", "NewWITSource"],
  install() {
    const missing = requireTool("go", hasGo());
    if (missing === undefined) buildWorkloadClient();
    return missing;
  },
  start: (workload) => new JsonProgram([buildWorkloadClient(), "serve"], workload),
};
