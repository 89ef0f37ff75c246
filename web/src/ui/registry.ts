// What is drawing at the moment, for keys and for the page's interface to programs.

import type { Board } from "./board";
import type { Viewport } from "./viewport";

export const drawing: { viewport: Viewport | null; main: Board | null; strip: Map<string, Board> } = {
  viewport: null,
  main: null,
  strip: new Map(),
};
