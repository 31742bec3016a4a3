import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import { situationOf } from "../../../packages/ca-server/src/authorities/recovery/way-out.ts";
import { documentedWays } from "./documented-ways.ts";
import { MemoryVault, ModelCa, type ModelOptions } from "./model-ca.ts";
import { type Maker, type ReachedState, reachableStates } from "./reachable-states.ts";

const dayMs = 86_400_000;
const beginning = new Date("2030-01-01T00:00:00Z");
/**
 * Days after the CA was established. Its successors are created on day 200; an intermediate is valid for 365 days and
 * a root for 3650.
 */
const conditions = {
  "every authority is valid": 201,
  "the first intermediate has expired": 400,
  "every intermediate has expired": 600,
  "the first root has expired": 3700,
  "every root has expired": 3900,
  "the clock is behind, so that no successor is valid yet": 100,
  "the clock is behind, so that nothing is valid yet": -10,
} as const;

/** One kind of CA: how its authorities are made, and what else its operator can do. */
export interface Flavor {
  readonly withIntermediate: boolean;
  maker(clock: FakeClock): Maker;
  /** Puts a valid CA into the plugged-in directory. */
  plugIn(ca: ModelCa, clock: FakeClock): Promise<void>;
}

export interface WalkResult {
  readonly states: number;
  readonly cases: number;
  /** Every command that some case needed. */
  readonly commands: readonly string[];
}

/**
 * Brings a CA into every state that is reachable in some steps, under every condition, and does what docs/recover.md
 * says until it issues. Fails if a case needs more than one command besides accepting the clock.
 */
export async function walkWaysOut(flavor: Flavor, maxSteps = Number.POSITIVE_INFINITY): Promise<WalkResult> {
  const ways = await documentedWays();
  const clock = clockOn(0);
  const states = await reachableStates(flavor.maker(clock), clock, new MemoryVault(), maxSteps);
  const commands = new Set<string>();
  let cases = 0;
  for (const reached of states) {
    for (const [condition, day] of Object.entries(conditions)) {
      for (const options of [{ automatic: true }, { automatic: false }, { holds: "the clock is in doubt" }]) {
        // Neither matters if everything is valid.
        if (day === 201 && !options.automatic) continue;
        const used = await leadOut(reached, { ...options, clock: clockOn(day) }, flavor, ways).catch(
          (cause: unknown) => {
            const place = `${reached.path.join(", ")}; ${condition}; ${JSON.stringify(options)}`;
            throw new Error(`${place}: ${cause instanceof Error ? cause.message : cause}`, { cause });
          },
        );
        for (const command of used) commands.add(command);
        cases += 1;
      }
    }
  }
  return { states: states.length, cases, commands: [...commands].sort() };
}

const clockOn = (day: number) => new FakeClock(new Date(beginning.getTime() + day * dayMs));

async function leadOut(
  { state, vault }: ReachedState,
  options: Pick<ModelOptions, "automatic" | "holds" | "clock">,
  flavor: Flavor,
  ways: ReadonlyMap<string, string | undefined>,
): Promise<readonly string[]> {
  const { clock } = options;
  const ca = new ModelCa({
    ...options,
    state,
    vault: vault.copy(),
    withIntermediate: flavor.withIntermediate,
  });
  await ca.start();
  await ca.run(120);
  const used: string[] = [];
  if (ca.problem() !== undefined && ca.isHeld)
    used.push(await perform("clock-suspect", ca, clock, flavor, ways));
  if (ca.problem() === undefined) return used;
  const situation = situationOf(ca.keeper.state, clock.now()) ?? "none";
  assert.match(String(ca.problem()), new RegExp(`\\(docs/recover\\.md: ${situation}\\)$`));
  used.push(await perform(situation, ca, clock, flavor, ways));
  assert.equal(ca.problem(), undefined);
  return used;
}

/** Runs the documented command of a situation; rejects if there is none. */
async function perform(
  situation: string,
  ca: ModelCa,
  clock: FakeClock,
  flavor: Flavor,
  ways: ReadonlyMap<string, string | undefined>,
): Promise<string> {
  const command = ways.get(situation);
  if (command === undefined) {
    const { event, facts } = ca.logger.events.at(-1) ?? { event: "nothing", facts: {} };
    throw new Error(`${situation}: the CA does not continue by itself: ${event} ${JSON.stringify(facts)}`);
  }
  const act = acts[command];
  if (act === undefined) throw new Error(`the page names a command that the walk cannot run: ${command}`);
  if (command.startsWith("kasbah authority ")) assert.ok(String(ca.problem()).includes(command));
  await act(ca, () => flavor.plugIn(ca, clock));
  await ca.run(120);
  return command;
}

type Act = (ca: ModelCa, plugIn: () => Promise<void>) => Promise<unknown>;

const acts: Readonly<Record<string, Act>> = {
  "kasbah authority rotate --root": (ca) => ca.driver.rotate("root"),
  "kasbah authority resume": (ca) => ca.driver.resume(),
  "kasbah authority abort": (ca) => ca.driver.abort({}),
  "kasbah clock accept": (ca) => ca.accept(),
  "cp ca-cert.pem ca-key.pem root-cert.pem cert-chain.pem": (_, plugIn) => plugIn(),
};
