// The flags of kasbah-server, for commands that write them into the manifests of a cluster.
export {
  type ArgumentProblem,
  argumentProblems,
} from "./config/arguments/argument-problems.ts";
export { knownFlags } from "./config/arguments/known-flags.ts";
