import { useMemo } from "preact/hooks";
import type { ConsoleRefusals } from "../api.ts";
import type { PolledAnswer } from "../data/polled-answer.ts";
import { useCaTime } from "../data/use-answer.ts";
import { Choice } from "../parts/choice.tsx";
import { Empty } from "../parts/panel.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { LoadState } from "../shell/load-state.tsx";
import { routeHash } from "../shell/route.ts";
import { changeRoute } from "../shell/use-route.ts";
import { countWords, pluralWords } from "../words/count-words.ts";
import { chooseRefusals } from "./choose-refusals.ts";
import { CodeList } from "./code-list.tsx";
import { type Period, periodIn, periods } from "./period.ts";
import { RefusalTable } from "./refusal-table.tsx";

interface RefusalsPageProps {
  readonly answer: PolledAnswer<ConsoleRefusals>;
  readonly query: Readonly<Record<string, string>>;
}

export function RefusalsPage({ answer, query }: RefusalsPageProps) {
  const now = useCaTime(answer);
  const { q: text = "", code } = query;
  const since = periodIn(query["since"]);
  const { data } = answer;
  const chosen = useMemo(() => chooseRefusals(data?.refusals ?? [], { text, code }), [data, text, code]);
  const change = (fields: Readonly<Record<string, string | undefined>>) =>
    changeRoute(routeHash("refusals", { ...query, ...fields }));
  return (
    <>
      <div class="bar">
        <SearchField
          label="Search refusals"
          placeholder="reference, caller, address or reason"
          text={text}
          change={(q) => change({ q })}
        />
        <Choice<Period>
          label="Period"
          choices={periods}
          value={since}
          change={(value) => change({ since: value })}
        />
        <p class="bar-count" role="status">
          {data !== undefined && countOf(data, chosen.length)}
        </p>
      </div>
      {data === undefined ? (
        <LoadState answer={answer} />
      ) : data.codes.length === 0 ? (
        <NoRefusals since={since} />
      ) : (
        <>
          <CodeList codes={data.codes} chosen={code} choose={(value) => change({ code: value })} />
          <RefusalTable key={`${since} ${code} ${text}`} refusals={chosen} data={data} now={now} />
        </>
      )}
    </>
  );
}

function countOf({ total, refusals, dropped }: ConsoleRefusals, chosen: number): string {
  const kept =
    chosen === total
      ? pluralWords(total, "refusal")
      : `${countWords(chosen)} of ${pluralWords(total, "refusal")}`;
  const listed = refusals.length < total ? `; the last ${countWords(refusals.length)} are listed` : "";
  return `${kept}${listed}${dropped === 0 ? "" : `; ${countWords(dropped)} more were only counted`}`;
}

function NoRefusals({ since }: { readonly since: Period }) {
  const words = periods.find(({ value }) => value === since)?.text ?? since;
  return (
    <Empty title={`No refusals in the last ${words}`}>
      When the CA refuses a call, the caller gets a code, a fix and a reference. The reference appears here,
      and in the log of the agent. Choose a longer period above to see earlier ones.
    </Empty>
  );
}
