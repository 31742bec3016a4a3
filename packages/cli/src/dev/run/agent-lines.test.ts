import assert from "node:assert/strict";
import { shortAgentLines } from "./agent-lines.ts";

describe("The lines of the agent", () => {
  const shown = (...texts: readonly string[]) => {
    let all = "";
    const take = shortAgentLines((text) => {
      all += text;
    });
    for (const text of texts) take(text, "stderr");
    return all;
  };

  it("show the level, the event and the reason, even if a line arrives in two parts", () => {
    const failed = JSON.stringify({
      ...{ level: "error", time: "2030-01-01T00:00:00.000Z", event: "rotation failed", failures: 1 },
      error: { message: "the CA refused the request", cause: { code: 7 } },
    });
    assert.equal(
      shown(failed.slice(0, 40), `${failed.slice(40)}\n`),
      "ERROR: rotation failed: the CA refused the request\n",
    );
    assert.equal(shown('{"level":"warn","event":"clock is behind"}\n'), "WARN: clock is behind\n");
  });

  it("are shown as they are if they are not JSON", () => {
    assert.equal(shown("kasbah-agent: cannot start\n{}\n"), "kasbah-agent: cannot start\n{}\n");
  });
});
