import { systemClock } from "@kasbah/runtime";
import { FakeClock } from "@kasbah/testkit";
import {
  type AuthoritiesOnDisk,
  type OnDiskOptions,
  openOnDisk,
} from "../../packages/ca-server/src/authorities/authorities-on-disk.fixture.ts";

const dayMs = 86_400_000;

/** A state directory that a CA wrote in the past. */
export interface PastCa extends AuthoritiesOnDisk {
  readonly clock: FakeClock;
  /** Lets days pass, then looks as often as a rotation has stages. */
  pass(days: number): Promise<void>;
}

/** Creates the authorities of a CA as they were created some days ago, with the present lifetimes. */
export async function createPastCa(
  path: string,
  daysAgo: number,
  options: Partial<OnDiskOptions> = {},
): Promise<PastCa> {
  const clock = new FakeClock(new Date(systemClock.now().getTime() - daysAgo * dayMs));
  const ca = await openOnDisk({ path, clock, builtAt: clock.now(), ...options });
  const pass = async (days: number) => {
    clock.suspend(days * dayMs);
    for (let looks = 0; looks < 4; looks++) await ca.driver.look(false);
  };
  return { ...ca, clock, pass };
}
