import assert from "node:assert/strict";
import { createCertificateRequest, createKeyPair, parseSpiffeId } from "@kasbah/pki";
import { createCertificate } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import type { RunningCa } from "../../harness/ca-process.ts";
import { callOn, dial, framed } from "./grpc-call.ts";

/** A workload in good faith: an identity, a token and a key that nobody else has, so that no limit per caller bites. */
export interface Workload {
  readonly headers: { readonly authorization: string };
  /** Asks for a certificate; without the frame of gRPC. */
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

/** The message that asks for a certificate by that CSR. */
export function orderOf(csr: string): Buffer {
  const order = { csr, validityDurationSeconds: 0, impersonatedIdentity: "", certSigner: "" };
  return Buffer.from(createCertificate.request.encode(order));
}

/** Makes a valid call over a connection of its own. Fails if the CA returns no certificate. */
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
