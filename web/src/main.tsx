import { render } from "preact";

import { offer } from "./api";
import { listenToKeys } from "./keys";
import { start } from "./state";
import { App } from "./ui/app";

offer(start());
listenToKeys();
render(<App />, document.getElementById("app")!);
