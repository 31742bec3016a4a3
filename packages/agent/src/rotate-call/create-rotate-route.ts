import type { Route } from "@kasbah/runtime/rpc";
import type { SecretStore } from "../secret/secret-store.ts";
import type { Supply } from "../secret/supply.ts";
import type { SettledFiles } from "./answer-rotate.ts";
import { rotatePath } from "./rotate-method.ts";

export interface RotateRouteDeps {
  readonly supply: Pick<Supply, "demand">;
  readonly store: SecretStore;
  readonly files: SettledFiles;
}

/**
 * The route of `kasbah-agent rotate` on the SDS socket. Every client there can read the key, so asking for a new
 * one adds no power; no port of the network has this route. Most agents are never asked, and load no more.
 */
export function createRotateRoute({ supply, store, files }: RotateRouteDeps): Route {
  return {
    kind: "unary",
    path: rotatePath,
    async serve(_body, { signal }) {
      const { answerRotate } = await import("./answer-rotate.ts");
      return Buffer.from(JSON.stringify(await answerRotate({ demand: supply.demand, store, files }, signal)));
    },
  };
}
