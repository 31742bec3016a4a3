import { useEffect, useRef } from "preact/hooks";
import type {
  ConsoleIdentities,
  ConsoleRefusals,
  ConsoleRotation,
  ConsoleSource,
  ConsoleStatus,
} from "./api.ts";
import type { PolledAnswer } from "./data/polled-answer.ts";
import { useAnswer } from "./data/use-answer.ts";
import { IdentitiesPage } from "./identities/identities-page.tsx";
import { OverviewPage } from "./overview/overview-page.tsx";
import { periodIn } from "./refusals/period.ts";
import { RefusalsPage } from "./refusals/refusals-page.tsx";
import { RotationPage } from "./rotation/rotation-page.tsx";
import { FailureBar } from "./shell/connection.tsx";
import { Header, pageTitles } from "./shell/header.tsx";
import type { PageRoute } from "./shell/route.ts";
import { useRoute } from "./shell/use-route.ts";

interface Sourced {
  readonly source: ConsoleSource;
}

export function ConsoleApp() {
  const route = useRoute();
  const answer = useAnswer<Sourced>(addressOf(route));
  const source = useRef<ConsoleSource>(undefined);
  source.current = answer.data?.source ?? source.current;
  const heading = useRef<HTMLHeadingElement>(null);
  const main = useRef<HTMLElement>(null);
  const title = pageTitles[route.page];
  useHeadingFocus(title, heading);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header page={route.page} source={source.current} answer={answer} />
      <main ref={main} tabIndex={-1} class={`page page-${route.page}`}>
        <h1 ref={heading} tabIndex={-1} class={route.page === "overview" ? "unseen" : undefined}>
          {title}
        </h1>
        <Page route={route} answer={answer} />
      </main>
      <FailureBar answer={answer} />
    </>
  );
}

function addressOf({ page, query }: PageRoute): string {
  if (page === "overview") return "/api/status";
  return page === "refusals" ? `/api/refusals?since=${periodIn(query["since"])}` : `/api/${page}`;
}

/** The address decides the type of the answer. */
function Page({ route, answer }: { readonly route: PageRoute; readonly answer: PolledAnswer<unknown> }) {
  switch (route.page) {
    case "overview":
      return <OverviewPage answer={answer as PolledAnswer<ConsoleStatus>} />;
    case "identities":
      return <IdentitiesPage answer={answer as PolledAnswer<ConsoleIdentities>} query={route.query} />;
    case "rotation":
      return <RotationPage answer={answer as PolledAnswer<ConsoleRotation>} />;
    case "refusals":
      return <RefusalsPage answer={answer as PolledAnswer<ConsoleRefusals>} query={route.query} />;
  }
}

/** Another page sets the title, and moves the focus to its heading, as loading a document would. */
function useHeadingFocus(title: string, heading: { readonly current: HTMLHeadingElement | null }): void {
  const last = useRef<string>(undefined);
  useEffect(() => {
    document.title = `${title} · kasbah console`;
    if (last.current !== undefined && last.current !== title) {
      scrollTo({ top: 0 });
      heading.current?.focus({ preventScroll: true });
    }
    last.current = title;
  }, [title, heading]);
}
