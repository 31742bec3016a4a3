import { h, render } from "preact";
import { ConsoleApp } from "./app.tsx";
import { type Env, EnvContext } from "./data/env.ts";
import { enterConsole } from "./session/enter.ts";
import { NoSession } from "./session/no-session.tsx";

const env: Env = {
  fetch: (...request) => fetch(...request),
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  isVisible: () => document.visibilityState === "visible",
  onVisibility: (run) => {
    document.addEventListener("visibilitychange", run);
    return () => document.removeEventListener("visibilitychange", run);
  },
  copy: (text) => navigator.clipboard.writeText(text),
};

const error = await enterConsole(location.hash, env.fetch);
// The token must stay neither in the address nor in the browser's history.
if (!location.hash.startsWith("#/")) history.replaceState(null, "", "#/");
const root = document.querySelector("#console");
const content = error === undefined ? h(ConsoleApp, null) : h(NoSession, { error });
if (root !== null) render(h(EnvContext.Provider, { value: env }, content), root);
