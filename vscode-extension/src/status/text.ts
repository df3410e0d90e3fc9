/** The status item's words. Pure. */

/** All that the status depends on. */
export interface Situation {
  enabled: boolean;
  paused: boolean;
  server: "stopped" | "starting" | "running" | "failed";
  loading: boolean;
  scoring: boolean;
  /** One sentence; undefined if all is well. */
  problem: string | undefined;
  /** The function at the cursor, if there is one. */
  at: AtCursor | undefined;
}

export interface AtCursor {
  name: string;
  probability: number | null;
  /** Why there is no probability. */
  reason: string | null;
}

export type State = "off" | "loading" | "ready" | "scoring" | "paused" | "error";

export type Action = "settings" | "resume" | "restart" | "explain" | "output";

export interface Status {
  state: State;
  text: string;
  detail: string;
  busy: boolean;
  action: Action;
}

/** `62 %`; `under 1 %` and `over 99 %` rather than certainty, as the server says it. */
export function percent(probability: number): string {
  if (probability < 0.01) return "under 1 %";
  if (probability > 0.99) return "over 99 %";
  return `${Math.round(100 * probability)} %`;
}

export function status(now: Situation): Status {
  if (now.problem !== undefined || now.server === "failed") {
    const detail = now.problem ?? "The server is not running.";
    return { state: "error", text: "codeodds: error", detail, busy: false, action: "restart" };
  }
  if (now.paused) {
    return {
      state: "paused",
      text: "codeodds: paused",
      detail: "No scores until you resume",
      busy: false,
      action: "resume",
    };
  }
  if (now.server !== "running") {
    return {
      state: "loading",
      text: "codeodds: starting",
      detail: "Starting the server",
      busy: true,
      action: "output",
    };
  }
  if (!now.enabled) {
    const detail = "Automatic scores are off (codeodds.enable)";
    return { state: "off", text: "codeodds: off", detail, busy: false, action: "settings" };
  }
  if (now.loading) {
    const detail = "Loading the model";
    return { state: "loading", text: "codeodds: loading", detail, busy: true, action: "output" };
  }
  const { text, detail } = atCursor(now.at);
  return { state: now.scoring ? "scoring" : "ready", text, detail, busy: now.scoring, action: "explain" };
}

function atCursor(at: AtCursor | undefined): { text: string; detail: string } {
  if (at === undefined) return { text: "codeodds", detail: "No function at the cursor" };
  if (at.probability === null) {
    return { text: "codeodds: –", detail: at.reason === null ? at.name : `${at.name} is not scored: ${at.reason}` };
  }
  return {
    text: `codeodds: ${percent(at.probability)}`,
    detail: `${at.name} is ${percent(at.probability)} likely to be right as written`,
  };
}
