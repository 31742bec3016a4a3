import type { ConsoleError } from "../api.ts";
import { CopyableCommand } from "../parts/copyable-command.tsx";
import { MarkedText } from "../parts/marked-text.tsx";
import { sentence } from "../words/headline.ts";

/** The page behind a link that was used before, or is wrong. */
export function NoSession({ error: { code, message, fix } }: { readonly error: ConsoleError }) {
  return (
    <main class="page door">
      <h1>This link opens no console</h1>
      <p>
        <MarkedText text={sentence(message)} /> {fix !== undefined && <MarkedText text={sentence(fix)} />}
      </p>
      <p>Each link works once. This command prints another one:</p>
      <CopyableCommand command="kasbah console" />
      <p class="muted">
        <code>{code}</code>
      </p>
    </main>
  );
}
