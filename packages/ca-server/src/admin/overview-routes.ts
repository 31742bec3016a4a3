import { getOverview, type OverviewMessage, type OverviewRequest } from "@kasbah/protocol";
import { type Route, unaryRoute } from "@kasbah/runtime/rpc";

export type ReadOverview = (request: OverviewRequest) => Promise<OverviewMessage>;

/** `kasbah.v1.OverviewAdmin`, which changes nothing. */
export function createOverviewRoutes(read: ReadOverview): Route[] {
  const { path, request, response } = getOverview;
  return [
    unaryRoute({
      path,
      decode: request.decode,
      encode: response.encode,
      handle: (call) => read(call.request()),
    }),
  ];
}
