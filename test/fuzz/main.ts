import { parseArgs } from "node:util";
import { keepFoundCase } from "./found-cases.ts";
import { HangWatch } from "./hang-watch.ts";
import { type Failure, runTarget } from "./run.ts";
import type { Target } from "./target.ts";
import { targets } from "./targets.ts";

const usage = `npm run fuzz -- [--seconds <for each target>] [--target <name>]... [--seed <number>]
targets: ${targets.map(({ name }) => name).join(", ")}
`;
const runsInRound = 500;
const progressMs = 10_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs rounds until the time is up or a property fails; the seed of each round is one above the last. */
async function fuzz(target: Target, firstSeed: number, seconds: number): Promise<Failure | undefined> {
  await using watch = new HangWatch(target.name);
  const startedAt = performance.now();
  let [runs, accepted, saidAt] = [0, 0, startedAt];
  for (let seed = firstSeed; ; seed += 1) {
    const outcome = await runTarget(target, seed, runsInRound, watch.begin);
    runs += outcome.runs;
    accepted += outcome.accepted;
    const now = performance.now();
    const isOver = outcome.failure !== undefined || now - startedAt >= seconds * 1000;
    if (isOver || now - saidAt >= progressMs) {
      const rate = Math.round((runs * 1000) / (now - startedAt));
      say(`${target.name}: ${runs} runs, ${rate} runs/s, ${accepted} accepted, seed ${seed}`);
      saidAt = now;
    }
    if (isOver) return outcome.failure;
  }
}

function report(target: Target, { input, problem, seed }: Failure): void {
  say(`\n${target.name} FAILED: ${problem}`);
  say(`  reproduce: npm run fuzz -- --target ${target.name} --seed ${seed}`);
  say(`  input of ${input.length} bytes: ${Buffer.from(input).toString("base64")}`);
  say(`  saved as ${keepFoundCase(target.name, input)}\n`);
}

function chosen(names: readonly string[] | undefined): readonly Target[] {
  if (names === undefined) return targets;
  return names.map((name) => {
    const target = targets.find((each) => each.name === name);
    if (target === undefined) throw new RangeError(`unknown target ${name}\n${usage}`);
    return target;
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "60" },
      target: { type: "string", multiple: true },
      seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return say(usage);
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  if (!(seconds > 0) || !Number.isSafeInteger(seed)) throw new RangeError(usage);
  for (const target of chosen(values.target)) {
    const failure = await fuzz(target, seed, seconds);
    if (failure === undefined) continue;
    report(target, failure);
    process.exitCode = 1;
  }
}

await main().catch((error: unknown) => {
  if (!(error instanceof RangeError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
