import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { measureAgentFootprint } from "../../agent-footprint/agent-footprint.ts";
import { measurePush } from "../../agent-push.ts";
import type { Suite } from "../suite.ts";

/** The agent: its start, its memory, and how fast a rotation reaches Envoy. */
export const sds: Suite = {
  name: "sds",
  title: "the agent: start, memory, a rotation on 200 streams; in full also an idle minute and growth",
  takes: "50 s",
  async measure({ folder, full, progress }) {
    const [push, footprint] = [join(folder, "push"), join(folder, "footprint")];
    for (const each of [push, footprint]) mkdirSync(each, { recursive: true });
    progress("a rotation on 200 streams", 0);
    const pushed = await measurePush(push);
    progress("starts of the agent", 0.4);
    return { figures: [...pushed, ...(await measureAgentFootprint(footprint, full))] };
  },
};
