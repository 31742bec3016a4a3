import type { AgentConfig } from "../../config/options.ts";
import { outputLayout } from "../../config/output/layout.ts";
import { type RenderFiles, renderFiles } from "./render-files.ts";

/** Creates the renderer of the configured files. @throws ConfigInvalidError */
export async function createRender(config: AgentConfig): Promise<RenderFiles> {
  const layout = outputLayout(config);
  const hasStore = layout.some(({ part }) => part === "pkcs12" || part === "truststore");
  if (!hasStore) return (secret) => renderFiles(secret, layout);
  const room = await import("./store-writer.ts");
  const stores = await room.createStoreWriter(config.pkcs12PasswordFile);
  return (secret) => renderFiles(secret, layout, stores);
}
