import { useEffect, useState } from "preact/hooks";
import { type PageRoute, parseRoute } from "./route.ts";

/** The route in the address, which follows links and the browser's buttons. */
export function useRoute(): PageRoute {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** Replaces the route at once. A link would change it later, and a poll in between would reset what someone types. */
export function changeRoute(hash: string): void {
  history.replaceState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
