import { GatewayHealth } from "./health/gateway-health.ts";
import { ValidityAlarms } from "./health/validity-alarms.ts";
import { FileProvider, type FileProviderDeps } from "./provider.ts";

/** The provider of file names with what watches over them. */
export interface LoadedFiles {
  readonly provider: Pick<FileProvider, "current" | "watch" | "reread">;
  readonly health: GatewayHealth;
  stop(): Promise<void>;
}

/** Creates the provider, and starts the alarms for the certificates that it serves. */
export function startFileProvider(deps: FileProviderDeps): LoadedFiles {
  const { clock, logger, observer } = deps;
  const provider: FileProvider = new FileProvider({
    ...deps,
    observer: {
      ...observer,
      onServed(name, facts) {
        observer.onServed(name, facts);
        alarms.lookAt(name, facts);
      },
    },
  });
  const alarms = new ValidityAlarms({ names: provider, clock, logger });
  alarms.start();
  return {
    provider,
    health: new GatewayHealth(provider, clock),
    async stop() {
      await alarms.stop();
      await provider.stop();
    },
  };
}
