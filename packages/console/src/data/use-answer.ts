import { useEffect, useRef, useState } from "preact/hooks";
import { useEnv } from "./env.ts";
import type { PolledAnswer } from "./polled-answer.ts";
import { Poller } from "./poller.ts";

/** The newest answer from an address. An address to which the page returns has its last answer at once. */
export function useAnswer<T>(path: string): PolledAnswer<T> {
  const env = useEnv();
  const known = useRef(new Map<string, PolledAnswer<T>>()).current;
  const [, redraw] = useState({});
  useEffect(() => {
    const keep = (answer: PolledAnswer<T>) => {
      known.set(path, answer);
      redraw({});
    };
    const poller = new Poller<T>(path, env, keep, known.get(path));
    const stopWatching = env.onVisibility(() => void poller.poll());
    void poller.poll();
    return () => {
      stopWatching();
      poller.stop();
    };
  }, [path, env, known]);
  return known.get(path) ?? {};
}

/** The browser's time, which moves on while the component is shown. */
export function useNow(everyMs: number): number {
  const env = useEnv();
  const [now, setNow] = useState(env.now());
  useEffect(() => env.after(everyMs, () => setNow(env.now())), [env, everyMs, now]);
  return now;
}

/** The CA's time: that of its answer, moved on by the browser's clock. */
export function useCaTime({ data, receivedAt }: PolledAnswer<{ readonly now: string }>): number {
  const now = useNow(5000);
  const told = data === undefined ? Number.NaN : Date.parse(data.now);
  return Number.isNaN(told) ? now : told + Math.max(0, now - (receivedAt ?? now));
}
