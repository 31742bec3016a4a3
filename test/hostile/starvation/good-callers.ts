import assert from "node:assert/strict";
import type { ClientHttp2Session } from "node:http2";
import { createCertificate } from "@kasbah/protocol";
import type { RunningCa } from "../../harness/ca-process.ts";
import { controlCall, newWorkload } from "../http2/control-call.ts";
import { callOn, dial, framed } from "../http2/grpc-call.ts";

/** Of each kind. */
const atATime = 5;

/** Workloads that open a connection for every call, others that keep theirs, and the kubelet's probes. */
export class GoodCallers {
  readonly #ca: RunningCa;
  readonly #kept: ClientHttp2Session[];

  constructor(ca: RunningCa) {
    this.#ca = ca;
    this.#kept = Array.from({ length: atATime }, () => dial(ca));
  }

  /** Makes this many calls of each kind, and returns the failures among them and their probes. */
  async call(calls: number): Promise<readonly string[]> {
    const failures: string[] = [];
    for (let count = 0; count < calls; count += atATime) {
      const fail = (what: string) => (error: unknown) => void failures.push(`${count} ${what}: ${error}`);
      const fresh = Array.from({ length: atATime }, () => controlCall(this.#ca).catch(fail("new")));
      const kept = this.#kept.map((session) => this.#callOn(session).catch(fail("kept")));
      const { process } = this.#ca;
      const probes = [process.status("/healthz/live"), process.readiness()];
      await Promise.all([...fresh, ...kept, ...probes.map((probe) => probe.catch(fail("probe")))]);
    }
    return failures;
  }

  close(): void {
    for (const session of this.#kept) session.destroy();
  }

  async #callOn(session: ClientHttp2Session): Promise<void> {
    assert.equal(session.destroyed, false, "a kept connection was closed");
    const { message, headers } = await newWorkload(this.#ca);
    const { status, message: reason, body } = await callOn(session, framed(message), headers);
    assert.equal(status, 0, reason);
    assert.equal(createCertificate.response.decode(body).certChain.length, 3);
  }
}
