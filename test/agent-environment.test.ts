import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { options } from "../packages/agent/src/config/options.ts";

/** The environment variables of Istio's agent that concern certificates. */
const istioVariables = [
  ...[
    "CA_ADDR",
    "CA_PROVIDER",
    "CA_ROOT_CA",
    "XDS_ROOT_CA",
    "ISTIOD_SAN",
    "PILOT_CERT_PROVIDER",
    "JWT_POLICY",
  ],
  ...["PROV_CERT", "FILE_MOUNTED_CERTS", "OUTPUT_CERTS", "FILE_DEBOUNCE_DURATION", "SECRET_TTL"],
  ...["SECRET_GRACE_PERIOD_RATIO", "SECRET_GRACE_PERIOD_RATIO_JITTER", "WORKLOAD_RSA_KEY_SIZE"],
  ...[
    "ECC_SIGNATURE_ALGORITHM",
    "ECC_CURVE",
    "PKCS8_KEY",
    "TRUST_DOMAIN",
    "POD_NAMESPACE",
    "SERVICE_ACCOUNT",
  ],
  ...[
    "POD_NAME",
    "INSTANCE_IP",
    "ISTIO_META_CLUSTER_ID",
    "ISTIO_META_CERT_SIGNER",
    "CREDENTIAL_FETCHER_TYPE",
  ],
  ...["CREDENTIAL_IDENTITY_PROVIDER", "WORKLOAD_IDENTITY_SOCKET_FILE", "USE_EXTERNAL_WORKLOAD_SDS"],
  ...["DISABLE_ENVOY", "PROXY_CONFIG_XDS_AGENT", "GRPC_XDS_BOOTSTRAP", "CLOUD_PLATFORM"],
  ...["GRPC_KEEPALIVE_INTERVAL", "GRPC_KEEPALIVE_TIMEOUT"],
];

describe("docs/agent-environment.md", () => {
  const page = readFileSync(new URL("../docs/agent-environment.md", import.meta.url), "utf8");
  const rows = page
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, variable, answer]) => variable?.startsWith("`") && /^(yes|no)\b/.test(answer ?? ""))
    .flatMap(([, variables = "", answer = ""]) =>
      [...variables.matchAll(/`([A-Z0-9_]+)`/g)].map(([, variable = ""]) => ({ variable, answer })),
    );

  it("lists each environment variable of Istio's agent exactly once", () => {
    assert.deepEqual(rows.map(({ variable }) => variable).toSorted(), istioVariables.toSorted());
  });

  it("marks a variable as supported, with its flag, if and only if the agent reads it", () => {
    const read = Object.values(options)
      .filter(({ spec }) => !spec.env.startsWith("KASBAH_"))
      .map(({ name, spec }) => `${spec.env}: yes, \`--${name}\``);
    const answered = rows
      .filter(({ answer }) => answer !== "no")
      .map(({ variable, answer }) => `${variable}: ${answer}`);
    assert.deepEqual(answered.toSorted(), read.toSorted());
  });
});
