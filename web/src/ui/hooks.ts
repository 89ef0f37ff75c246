import { useEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";

/** An element that something draws into for as long as it is there. */
export function useDrawn<T extends { dispose(): void }>(
  make: (box: HTMLElement) => T, register?: (drawn: T | null) => void,
): RefObject<HTMLDivElement | null> {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const drawn = make(box.current!);
    register?.(drawn);
    return () => {
      register?.(null);
      drawn.dispose();
    };
  }, []);
  return box;
}
