import type { ConsoleRefusedCode } from "../api.ts";
import { MarkedText } from "../parts/marked-text.tsx";
import { Meter } from "../parts/meter.tsx";
import { countWords } from "../words/count-words.ts";
import { sentence } from "../words/headline.ts";

interface CodeListProps {
  readonly codes: readonly ConsoleRefusedCode[];
  readonly chosen: string | undefined;
  readonly choose: (code: string | undefined) => void;
}

/** The codes with their explanation and fix. A code is a button that filters the list below. */
export function CodeList({ codes, chosen, choose }: CodeListProps) {
  const most = Math.max(1, ...codes.map(({ count }) => count));
  return (
    <section aria-labelledby="codes">
      <h2 id="codes" class="section">
        By code
      </h2>
      <ul class="codes">
        {codes.map(({ code, count, explanation, fix }) => (
          <li key={code} class={code === chosen ? "code-item chosen" : "code-item"}>
            <div class="code-head">
              <button
                type="button"
                class="code-button"
                aria-pressed={code === chosen}
                onClick={() => choose(code === chosen ? undefined : code)}
              >
                {code}
              </button>
              <span class="figure">{countWords(count)}</span>
              <Meter share={count / most} state="late" />
            </div>
            <div class="code-text">
              <p>
                <MarkedText
                  text={explanation === "" ? "A code of a later release." : sentence(explanation)}
                />
              </p>
              {fix !== "" && (
                <p>
                  <span class="muted">Fix: </span>
                  <MarkedText text={fix} />
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
