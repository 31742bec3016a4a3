import type { CallerEntry } from "@kasbah/ledger";
import type { Caller, CredentialFacts } from "../issuance/ports.ts";

export function callerEntry({ spiffeId, credential, pod, node, disregarded }: Caller): CallerEntry {
  return { spiffeId: spiffeId.toString(), ...credentialEntry(credential), pod, node, disregarded };
}

function credentialEntry(credential: CredentialFacts): Omit<CallerEntry, "spiffeId"> {
  if (credential.kind !== "client-certificate") return credential;
  return { ...credential, tokenProvenAt: credential.tokenProvenAt.toISOString() };
}
