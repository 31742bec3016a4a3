import { listedIncidents } from "./page.ts";
import { type Walk, walk } from "./walk.ts";

/** Causes an incident; undefined if it cannot be caused on this machine. */
export type Scene<Stage> = (stage: Stage) => Promise<Omit<Walk, "incident"> | undefined>;

type Outcome = "explained" | "not caused here";

/** A test for each incident. All are caused and walked at once, because each of them waits for most of its time. */
export function walkThrough<Stage>(
  scenes: Readonly<Record<string, Scene<Stage>>>,
  setUp: () => Promise<Stage>,
): void {
  const outcomes = new Map<string, Promise<Outcome>>();

  before(async () => {
    const stage = await setUp();
    for (const [incident, cause] of Object.entries(scenes)) {
      const outcome = play(incident, cause, stage);
      // A failure belongs to the test of its incident.
      outcome.catch(() => undefined);
      outcomes.set(incident, outcome);
    }
  });
  after(() => Promise.allSettled(outcomes.values()));

  for (const incident of Object.keys(scenes)) {
    const command = listedIncidents().find(({ name }) => name === incident)?.command;
    it(`(${incident}) is explained by ${command}, with its cause and its fix`, async function () {
      if ((await outcomes.get(incident)) === "not caused here") this.skip();
    });
  }
}

async function play<Stage>(incident: string, cause: Scene<Stage>, stage: Stage): Promise<Outcome> {
  const scene = await cause(stage);
  if (scene === undefined) return "not caused here";
  await walk({ incident, ...scene });
  return "explained";
}
