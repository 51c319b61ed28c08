import { useEffect } from "preact/hooks";
import { stayConnected } from "./connection";
import { Frame } from "./frame/frame";
import { NotebookLabel } from "./notebook-label";
import { CallLog } from "./log/call-log";
import { laterPanel } from "./later-panel";
import { Review, ReviewBadge } from "./review/review";
import { SessionList } from "./sessions/session-list";
import { SignIn } from "./sign-in/sign-in";
import { Split } from "./split";
import { ConnectionState, ConnectionTrouble } from "./sign-in/connection-state";
import { connection, everLive } from "./state";
import { Tabs } from "./tabs";
import { ThemeChoice } from "./theme-choice";

const QuickActions = laterPanel(async () => (await import("./quick-actions/quick-actions")).QuickActions);
const ToolConsole = laterPanel(async () => (await import("./console/tool-console")).ToolConsole);

const PANELS = [
  { id: "sessions", title: "Sessions", panel: SessionList },
  { id: "quick", title: "Quick actions", panel: QuickActions },
  { id: "console", title: "Tools", panel: ToolConsole },
  { id: "review", title: "Review", panel: Review, badge: ReviewBadge },
  { id: "log", title: "Log", panel: CallLog },
] as const;

export function App() {
  const signedOut = connection.value === "signed-out";
  useEffect(() => {
    if (signedOut) return;
    const ending = new AbortController();
    void stayConnected(ending.signal);
    return () => ending.abort();
  }, [signedOut]);
  if (signedOut && !everLive.value) return <SignIn />;
  return (
    <div class="workbench">
      <header class="bar">
        <h1>jmcp workbench</h1>
        <ConnectionState />
        <NotebookLabel />
        <span class="bar-space" />
        <ThemeChoice />
        <ConnectionTrouble />
      </header>
      <Split side={<Tabs panels={PANELS} />}>
        <Frame />
      </Split>
    </div>
  );
}
