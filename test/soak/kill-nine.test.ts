import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { readOfflineStatus } from "@kasbah/ca-server/state";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { saveIssuer } from "../harness/token-issuer.ts";

/** Set `KASBAH_KILLS=200` for the long run. */
const kills = Number(process.env["KASBAH_KILLS"] ?? 50);
/** Covers every moment from before the state is opened until after the first transition on a quick machine. */
const longestRunMs = 500;
/** A CA begins one stage per second, and a busy machine needs seconds to start one. */
const patientRunMs = 5_000;
/** The kills of one state directory, and how many runs must have made a transition before one. */
const killsOfOne = kills / 2;
const leastTransitions = kills / 10;
/**
 * Authorities are valid for seconds, so that a transition is always due; the root is valid for longer, in
 * case few runs on a busy machine get as far as a transition.
 */
const lifetimes = [
  "--root-ttl",
  "600s",
  "--intermediate-ttl",
  "5s",
  "--default-ttl",
  "1s",
  "--max-ttl",
  "1s",
];
const everySecond = ["--rotation-schedule", "* * * * * *"];

describe("CA killed at random moments", function () {
  this.timeout(600_000);
  let directory: TemporaryDirectory;
  let callers: readonly string[];

  before(async () => {
    directory = await temporaryDirectory();
    ({ flags: callers } = await saveIssuer(directory.join("issuer")));
  });
  after(() => directory.remove());

  const start = (state: string) =>
    new CaProcess({
      stateDir: directory.join(state),
      flags: [...callers, ...lifetimes, ...everySecond],
    });

  it(`keeps its roots after each of ${kills} kills, and starts with all its keys afterwards`, async () => {
    const halves = ["even", "odd"].map(async (state) => {
      const history = new History();
      for (let i = 0; i < killsOfOne || history.transitions <= leastTransitions; i++) {
        const server = start(state);
        await server.logged("daemon starting");
        // Spreads the kills evenly over the run: 61 is coprime to both durations.
        await systemClock.sleep((i * 61) % (i < killsOfOne ? longestRunMs : patientRunMs));
        await server.kill();
        assert.deepEqual(
          await server.exited,
          { code: null, signal: "SIGKILL" },
          `the CA exited before kill ${i}: ${server.log.slice(-2000)}`,
        );
        await history.look(directory.join(state));
      }
      const last = start(state);
      await last.logged("daemon started");
      await last.kill();
    });
    await Promise.all(halves);
  });

  it("leaves no incomplete key pair and no unrecorded root behind", async () => {
    for (const state of ["even", "odd"]) {
      const { authorities } = await readOfflineStatus(directory.join(state), systemClock.now());
      const known = new Set(authorities.map(({ id }) => id));
      const newest = Math.max(...authorities.map(({ id }) => Number(id.split("-")[1])));
      for (const name of await readdir(directory.join(state, "authorities"))) {
        const files = await readdir(directory.join(state, "authorities", name));
        const isTemporary = name.startsWith(".");
        assert.ok(isTemporary || files.includes("ca-cert.pem"), `${name} contains ${files.join(", ")}`);
        // Only an authority created in the last run may still be unrecorded.
        const isForgotten = Number(name.split("-")[1]) < newest;
        assert.ok(isTemporary || known.has(name) || isForgotten || name.endsWith(`-${newest + 1}`), name);
      }
    }
  });

  it("starts within seconds after all the kills", async () => {
    const startedAt = systemClock.monotonicMs();
    const server = start("even");
    await server.logged("daemon started");
    const ms = systemClock.monotonicMs() - startedAt;
    await server.kill();
    assert.ok(ms < 10_000, `${ms} ms`);
  });
});

/**
 * Checks that recorded facts stay true: an id always has the same certificate, and the epoch never decreases.
 */
class History {
  readonly #fingerprints = new Map<string, string>();
  #epoch = 0;
  /** The number of runs in which the epoch increased. */
  transitions = 0;

  async look(state: string): Promise<void> {
    const status = await readOfflineStatus(state, systemClock.now()).catch((error: { code?: string }) => {
      assert.equal(error.code, "STATE_MISSING");
      assert.equal(this.#epoch, 0, "the state is missing");
    });
    if (!status) return;
    assert.ok(status.epoch >= this.#epoch, `epoch ${status.epoch} after ${this.#epoch}`);
    if (status.epoch > this.#epoch) this.transitions += 1;
    this.#epoch = status.epoch;
    for (const { id, fingerprint } of status.authorities) {
      const known = this.#fingerprints.get(id) ?? fingerprint;
      assert.equal(fingerprint, known, `${id} has another certificate`);
      this.#fingerprints.set(id, known);
    }
  }
}
