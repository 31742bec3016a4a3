import { useState } from "preact/hooks";
import { useEnv } from "../data/env.ts";

/** A command to copy into a terminal. */
export function CopyableCommand({ command }: { readonly command: string }) {
  return (
    <span class="command">
      <code>{command}</code>
      <CopyButton text={command} what={`the command ${command}`} />
    </span>
  );
}

interface CopyProps {
  readonly text: string;
  /** What is copied, for screen readers. */
  readonly what: string;
}

const shownMs = 1600;

export function CopyButton({ text, what }: CopyProps) {
  const { copy, after } = useEnv();
  const [result, setResult] = useState<"copied" | "failed">();
  const onClick = async () => {
    setResult(
      await copy(text).then(
        () => "copied" as const,
        () => "failed" as const,
      ),
    );
    after(shownMs, () => setResult(undefined));
  };
  return (
    <button type="button" class="copy" onClick={onClick} aria-label={`Copy ${what}`}>
      <span aria-hidden="true">
        {result === undefined ? "Copy" : result === "copied" ? "Copied" : "Select it"}
      </span>
      <span class="unseen" role="status">
        {result === undefined ? "" : result === "copied" ? "Copied" : "The browser does not allow copying"}
      </span>
    </button>
  );
}
