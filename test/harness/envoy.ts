import { provideEnvoy } from "@kasbah/cli/mesh";
import { systemClock } from "@kasbah/runtime";

/** The path of a real Envoy. The first call may install it, so the setup of a suite may take minutes. */
export function testEnvoy(): Promise<string> {
  const { env, platform, arch } = process;
  return provideEnvoy({ env, clock: systemClock, platform, arch });
}

export const setUpTimeoutMs = 300_000;
