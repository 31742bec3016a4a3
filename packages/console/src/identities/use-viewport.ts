import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

interface Viewport {
  readonly scrollTop: number;
  /** Without the head, which covers the top. */
  readonly height: number;
  readonly rowHeight: number;
}

/** The part of a scrolled table that can be seen. The style sheet decides the heights of its head and rows. */
export function useViewport(view: RefObject<HTMLElement | null>): Viewport {
  const [viewport, setViewport] = useState<Viewport>({ scrollTop: 0, height: 600, rowHeight: 40 });
  useEffect(() => {
    const { current } = view;
    if (current === null) return;
    const measure = () => {
      const style = getComputedStyle(current);
      const px = (name: string) => Number.parseFloat(style.getPropertyValue(name)) || 40;
      const height = Math.max(0, current.clientHeight - px("--head-height"));
      setViewport({ scrollTop: current.scrollTop, height, rowHeight: px("--row-height") });
    };
    const sizes = new ResizeObserver(measure);
    sizes.observe(current);
    current.addEventListener("scroll", measure, { passive: true });
    return () => {
      sizes.disconnect();
      current.removeEventListener("scroll", measure);
    };
  }, [view]);
  return viewport;
}
