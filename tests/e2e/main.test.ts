/** The packaged extension in a real VS Code, with the default bundle. One editor for all; each group opens its own file. */

import { after, before } from "node:test";
import { completions } from "./completions.ts";
import { displays } from "./displays.ts";
import { explanation } from "./explanation.ts";
import { failures } from "./failures.ts";
import { FILES } from "./fixtures.ts";
import { generation } from "./generation.ts";
import { MODEL, PYTHON } from "./harness/command_line.ts";
import { Endpoint } from "./harness/endpoint.ts";
import { Stage } from "./harness/stage.ts";
import { NEIGHBOUR, names } from "./names.ts";
import { ranking } from "./ranking.ts";
import { scores } from "./scores.ts";
import { workspaces } from "./workspaces.ts";

const stage = new Stage();
const endpoint = new Endpoint();

before(async () => {
  await endpoint.start();
  const settings = {
    "codeodds.interpreter": PYTHON,
    "codeodds.model": MODEL,
    // The default bundle's own threshold is met by few functions.
    "codeodds.threshold": 0.3,
    "codeodds.completions_url": endpoint.url,
  };
  await stage.start(FILES, settings, [NEIGHBOUR]);
});
after(async () => {
  await stage.stop();
  endpoint.stop();
});

scores(stage);
displays(stage);
explanation(stage);
completions(stage, endpoint);
names(stage, endpoint);
ranking(stage);
generation(stage, endpoint);
failures(stage);
// These load other pages.
workspaces(stage);
