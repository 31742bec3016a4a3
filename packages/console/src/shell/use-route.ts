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
