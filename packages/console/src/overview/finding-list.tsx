import type { ConsoleFinding } from "../api.ts";
import { LevelMark } from "../parts/level-mark.tsx";
import { MarkedText } from "../parts/marked-text.tsx";
import { rankOf, sentence } from "../words/headline.ts";

/** What the operator should know, the worst first, each with its fix. */
export function FindingList({ findings }: { readonly findings: readonly ConsoleFinding[] }) {
  if (findings.length === 0) return null;
  const sorted = findings.toSorted((one, other) => rankOf(other.level) - rankOf(one.level));
  return (
    <section aria-labelledby="findings">
      <h2 id="findings" class="unseen">
        Findings
      </h2>
      <ul class="findings">
        {sorted.map((finding) => (
          <FindingItem key={`${finding.code} ${finding.what}`} finding={finding} />
        ))}
      </ul>
    </section>
  );
}

function FindingItem({ finding: { level, code, what, fix, page } }: { readonly finding: ConsoleFinding }) {
  return (
    <li class={`finding finding-${level}`}>
      <LevelMark level={level} />
      <div>
        <p class="finding-what">
          <MarkedText text={sentence(what)} />
        </p>
        {fix !== "" && (
          <p>
            <span class="muted">Fix: </span>
            <MarkedText text={fix} />
          </p>
        )}
        <p class="finding-note">
          <code>{code}</code>
          {page !== undefined && <> · {page}</>}
        </p>
      </div>
    </li>
  );
}
