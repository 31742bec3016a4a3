import assert from "node:assert/strict";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import type { RunningCa } from "../../harness/ca-process.ts";
import { callOn, dial, framed } from "./grpc-call.ts";

/** A legitimate workload with its own identity, token and key, so that no per-caller limit applies. */
export interface Workload {
  readonly headers: { readonly authorization: string };
  /** The certificate request, without the gRPC frame. */
  readonly message: Buffer;
}

let count = 0;

export async function newWorkload({ tokens }: RunningCa): Promise<Workload> {
  count += 1;
  const serviceAccount = `control-${count}`;
  const token = await tokens.mint({ namespace: "demo", serviceAccount, now: systemClock.now() });
  const spiffeId = parseSpiffeId(`spiffe://cluster.local/ns/demo/sa/${serviceAccount}`);
  const csr = createCertificateRequest(await createKeyPair("P-256"), spiffeId);
  return { headers: { authorization: `Bearer ${token}` }, message: orderOf(csr) };
}

/** The message that requests a certificate with this CSR. */
export function orderOf(csr: string): Buffer {
  const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
  return Buffer.from(createCertificate.request.encode(order));
}

/** Makes a valid call on a new connection. Throws if the CA issues no certificate. */
export async function controlCall(ca: RunningCa): Promise<void> {
  const { message, headers } = await newWorkload(ca);
  const session = dial(ca);
  try {
    const { status, message: reason, body } = await callOn(session, framed(message), headers);
    assert.equal(status, 0, reason);
    assert.equal(createCertificate.response.decode(body).certChain.length, 3);
  } finally {
    session.destroy();
  }
}
