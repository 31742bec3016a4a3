import { type Command, daemonExitCodes } from "@kasbah/runtime";
import { crossCheck } from "./cross-check.ts";
import type { options } from "./options.ts";

export const command: Command<typeof options> = {
  name: "kasbah-agent",
  version: "0.1.0",
  summary:
    "Obtains the workload's certificate, renews it and serves it to Envoy over SDS. Commands, each with a --help: kasbah-agent wait blocks until the agent serves its first secret, status shows what it serves, rotate makes it renew now, fetch writes one certificate to files without a running agent, and doctor finds out why there is no certificate.",
  examples: [
    "kasbah-agent --ca-address 127.0.0.1:15012 --ca-root root-cert.pem --token-file token --sds-socket /run/demo/sds",
    "kasbah-agent wait --timeout 2m",
    "kasbah-agent status",
    "kasbah-agent rotate",
    "kasbah-agent fetch --output-certs /run/certs",
    "kasbah-agent doctor",
    "curl http://127.0.0.1:15020/healthz/ready",
  ],
  exitCodes: daemonExitCodes,
  check: crossCheck,
};
