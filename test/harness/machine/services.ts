import { readFile } from "node:fs/promises";
import type { DevTokenIssuer } from "@kasbah/certs-dev";
import { temporaryDirectory } from "@kasbah/testkit";
import { mintDemoToken, saveIssuer, testIssuer } from "../token-issuer.ts";
import type { Machine } from "./machine.ts";

/** The settings of the CA, as an operator writes them. */
const serverSettings = `KASBAH_JWKS=/etc/kasbah/jwks.json
KASBAH_TOKEN_ISSUER=${testIssuer}
`;
const agentSettings = `CA_ADDR=localhost:15012
CA_ROOT_CA=/etc/kasbah/ca-root.pem
POD_NAMESPACE=demo
OUTPUT_CERTS=/run/kasbah/agent/web/certs
`;

/** Configures the CA of a machine, and starts it now and at each boot. Returns the issuer whose tokens it accepts. */
export async function startServer(machine: Machine): Promise<DevTokenIssuer> {
  await using directory = await temporaryDirectory();
  const { tokens } = await saveIssuer(directory.path);
  await machine.write("/etc/kasbah/jwks.json", await readFile(directory.join("jwks.json")));
  await machine.write("/etc/kasbah/server.env", serverSettings);
  await machine.run("systemctl enable --now kasbah-server");
  return tokens;
}

/** Configures the agent of the workload `web`, starts it now and at each boot, and waits for its certificate. */
export async function startAgent(machine: Machine, issuer: DevTokenIssuer): Promise<void> {
  await machine.run("cp /var/lib/kasbah/public/root-cert.pem /etc/kasbah/ca-root.pem");
  await machine.write("/etc/kasbah/agent/web.env", agentSettings);
  await machine.write("/etc/kasbah/agent/web.token", await mintDemoToken(issuer, "web"));
  await machine.run(
    "chgrp kasbah-agent /etc/kasbah/agent/web.token && chmod 640 /etc/kasbah/agent/web.token",
  );
  await machine.run("systemctl enable --now kasbah-agent@web && systemctl start kasbah-agent-wait@web");
}

/** The certificate that the agent serves, as `kasbah-agent status --json` prints it. */
export async function servedCertificate(
  machine: Machine,
): Promise<{ readonly serial: string; readonly spiffeId: string }> {
  const { certificate } = JSON.parse(await machine.run("kasbah-agent status --json"));
  return certificate;
}

/** The SHA-256 digests of the CA's root and of its key. */
export function rootDigests(machine: Machine): Promise<string> {
  return machine.run("cd /var/lib/kasbah && sha256sum public/root-cert.pem authorities/root-1/*");
}
