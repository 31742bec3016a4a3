import process from "node:process";
import { type Component, ConfigInvalidError, type Logger, option, runMain, schema } from "@kasbah/runtime";

/** A daemon in its own process for tests of the outer shell; `--mode` selects its fault. */
await runMain(
  {
    command: { name: "test-daemon", version: "0.0.0", summary: "Misbehaves on request.", examples: [] },
    options: {
      ttl: option({
        flag: "--ttl <duration>",
        env: "KASBAH_TTL",
        help: "any",
        schema: schema.duration,
        default: "1h",
      }),
      mode: option({
        flag: "--mode <mode>",
        env: "KASBAH_MODE",
        help: "the fault to simulate",
        schema: schema.choice(["none", "bad-config", "throw", "reject", "chatter"]),
        default: "none",
      }),
    },
    compose(config, logger) {
      if (config.mode === "bad-config") throw new ConfigInvalidError(["the token says otherwise"]);
      if (config.mode === "throw") throw new Error("cannot be composed");
      return [idler(config.mode, logger)];
    },
  },
  process,
);

function idler(mode: string, logger: Logger): Component {
  const alive = setInterval(() => {}, 60_000);
  return {
    name: "idler",
    async start() {
      if (mode === "reject") setTimeout(() => void Promise.reject(new Error("not handled anywhere")), 10);
      if (mode === "chatter") setInterval(() => logger.info("chatter", { text: "x".repeat(4000) }), 1);
    },
    async stop() {
      clearInterval(alive);
    },
  };
}
