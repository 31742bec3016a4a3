import type { CallerEntry } from "@kasbah/ledger";
import type { Caller, CredentialFacts } from "../../issuance/ports.ts";
import { boundedText } from "../bounded-text.ts";

/** The longest name of a Kubernetes object. */
const maxNameBytes = 253;
const maxUidBytes = 64;
const maxIssuerBytes = 256;

/** The facts about a caller, each of a limited size: the issuer of a token chose what the token says. */
export function callerEntry({ spiffeId, credential, pod, node, disregarded }: Caller): CallerEntry {
  return {
    spiffeId: spiffeId.toString(),
    ...credentialEntry(credential),
    pod: pod && { name: boundedText(pod.name, maxNameBytes), uid: boundedText(pod.uid, maxUidBytes) },
    node: node && boundedText(node, maxNameBytes),
    disregarded,
  };
}

function credentialEntry(credential: CredentialFacts): Omit<CallerEntry, "spiffeId"> {
  if (credential.kind === "client-certificate")
    return { ...credential, tokenProvenAt: credential.tokenProvenAt.toISOString() };
  const { issuer } = credential;
  return { ...credential, ...(issuer === undefined ? {} : { issuer: boundedText(issuer, maxIssuerBytes) }) };
}
