import { markedParts } from "../words/marked-parts.ts";
import { CopyButton } from "./copyable-command.tsx";

/** A text in which code looks like code, and a command can be copied. */
export function MarkedText({ text }: { readonly text: string }) {
  return (
    <>
      {markedParts(text).map((part) => {
        if (part.kind === "text") return part.text;
        if (part.kind === "code") return <code>{part.text}</code>;
        return (
          <>
            <code>{part.text}</code> <CopyButton text={part.text} what={`the command ${part.text}`} />
          </>
        );
      })}
    </>
  );
}
