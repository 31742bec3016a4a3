import assert from "node:assert/strict";
import { parseCertificate, type TrustBundle, verifyChain } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { untilSeen } from "@kasbah/testkit";
import { patienceMs } from "../../harness/until.ts";
import type { Answer, Answers, RunningClient, WorkloadClient } from "./clients/client.ts";
import type { World } from "./world.ts";

type Chapter = "atFirst" | "afterRotation" | "afterRestart" | "jwt";

/** What one client experienced from its start until after the restart of the agent. */
export class Story {
  readonly client: WorkloadClient;
  readonly #world: World;
  readonly #running: RunningClient;
  readonly #answers = new Map<Chapter, Answers>();
  /** The errors of calls and watches until the agent was restarted. */
  readonly errors: string[] = [];
  #failure: unknown;

  constructor(client: WorkloadClient, world: World) {
    this.client = client;
    this.#world = world;
    this.#running = client.start(world.workload);
  }

  /** The answers of a chapter; throws the reason if the client did not get that far. */
  answers(chapter: Chapter): Answers {
    const answers = this.#answers.get(chapter);
    if (answers === undefined) throw this.#failure;
    return answers;
  }

  begin(): Promise<void> {
    return this.#live(async () => {
      await this.#untilPushed(() => true);
      await this.#ask("atFirst", "x509");
      await this.#ask("jwt", "jwt");
    });
  }

  /** Makes every call again and again until the rotation is over. */
  callThroughout(rotation: Promise<void>): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    rotation.then(end, end);
    return this.#live(async () => {
      while (!isOver) {
        for (const [call, { error }] of Object.entries(await this.#running.ask("x509"))) {
          if (error !== undefined) this.errors.push(`${call}: ${error}`);
        }
        await systemClock.sleep(2_000);
      }
    });
  }

  followRotation(): Promise<void> {
    return this.#live(async () => {
      await this.#untilPushed(() => true);
      await this.#ask("afterRotation", "x509");
      this.errors.push(...this.#running.pushErrors);
    });
  }

  followRestart(): Promise<void> {
    return this.#live(async () => {
      await this.#untilPushed(({ chain: [leaf] = [] }) => {
        return leaf === undefined || this.#world.isOfRunningAgent(fingerprintOf(leaf));
      });
      await this.#ask("afterRestart", "x509");
    });
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  /** The failure of one client must not hide what the others experience. */
  async #live(chapter: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      await chapter();
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Waits until every watch has received exactly the current roots, and a certificate that fits. */
  async #untilPushed(fits: (answer: Answer) => boolean): Promise<void> {
    const roots = fingerprintsOf((await this.#world.roots()).roots);
    const isUpToDate = (answer: Answer | undefined) =>
      answer !== undefined &&
      answer.error === undefined &&
      (answer.roots === undefined || rootsOf(answer).join() === roots.join()) &&
      fits(answer);
    const what = `update of ${this.client.watches.join(", ")} in ${this.client.name}`;
    await untilSeen(what, patienceMs, async () => {
      const pushed = await this.#running.pushed();
      return this.client.watches.every((name) => isUpToDate(pushed[name])) ? true : undefined;
    });
  }

  /** Asks again while a source is a moment behind: each has a stream of its own. */
  async #ask(chapter: Chapter, profile: "x509" | "jwt"): Promise<void> {
    const { spiffeId } = this.#world.workload;
    const roots = await this.#world.roots();
    let problem: unknown;
    const answers = await untilSeen(`right answer of ${this.client.name}`, patienceMs, async () => {
      const asked = await this.#running.ask(profile);
      try {
        // The certificates are valid for seconds only, so this cannot wait until the test looks at them.
        checkCertificates(asked, roots, spiffeId);
        return asked;
      } catch (error) {
        problem = error;
        return undefined;
      }
    }).catch((late: unknown) => {
      throw problem ?? late;
    });
    this.#answers.set(chapter, answers);
  }
}

/** Checks what the calls answered as a verifier does that holds the current roots. */
function checkCertificates(answers: Answers, bundle: TrustBundle, spiffeId: string): void {
  for (const [call, answer] of Object.entries(answers)) {
    if (answer.roots !== undefined) {
      assert.deepEqual(rootsOf(answer), fingerprintsOf(bundle.roots), `${call}: roots`);
    }
    const [leaf, ...intermediates] = (answer.chain ?? []).map(parseDer);
    if (leaf === undefined) continue;
    verifyChain({ leaf, intermediates, bundle, now: systemClock.now() });
    assert.equal(leaf.spiffeId?.toString(), spiffeId, call);
    assert.ok(answer.spiffeId === undefined || answer.spiffeId === spiffeId, call);
  }
}

function parseDer(base64: string) {
  return parseCertificate(Buffer.from(base64, "base64"));
}

function fingerprintOf(base64: string): string {
  return parseDer(base64).fingerprint;
}

function rootsOf(answer: Answer): readonly string[] {
  return fingerprintsOf((answer.roots ?? []).map(parseDer));
}

function fingerprintsOf(certificates: readonly { readonly fingerprint: string }[]): readonly string[] {
  return certificates.map(({ fingerprint }) => fingerprint).sort();
}
