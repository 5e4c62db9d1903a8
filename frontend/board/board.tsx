// The kitchen board: entry point and outline of the page. Tickets in the middle, what is ready beside them, one strip
// above that says how far all of it can be trusted and one below for what can be taken back.

import { render, type VNode } from "preact";
import { openBoard } from "./desk";
import { Dialogs } from "./dialogs";
import { Icon } from "./icons";
import { listenToKeys } from "./keyboard";
import { link } from "./connection";
import { AllDayPanel } from "./panels/all_day";
import { IntakePanel } from "./panels/intake";
import { AttentionPanel, LaterPanel, ReadyPanel } from "./panels/lists";
import { RecallPanel } from "./panels/recall";
import { ScreenPanel } from "./panels/screen";
import { SoldOutPanel } from "./panels/sold_out";
import { Lane } from "./rail";
import { ReadyColumn } from "./ready_column";
import { applySettings, settings } from "./settings";
import { resumeShift, ShiftStart } from "./shift";
import { known, panel, shown, spoken, toast, type Panel } from "./state";
import { releaseOf } from "./tickets";
import { Banner, PanelButtons, phoneView, stale, Topbar } from "./topbar";
import { undoLast } from "./verbs";
import { clockTime, t } from "./words";

const PANELS: Record<Exclude<Panel, null>, () => VNode> = {
  all_day: AllDayPanel,
  recall: RecallPanel,
  sold_out: SoldOutPanel,
  intake: IntakePanel,
  screen: ScreenPanel,
  later: LaterPanel,
  ready: ReadyPanel,
  attention: AttentionPanel,
};

function Nothing(): VNode {
  if (known.value) {
    return (
      <div class="nothing">
        <Icon name="cup" />
        <h2>{t.empty_title}</h2>
        <p>{t.empty_text}</p>
      </div>
    );
  }
  if (link.value.phase === "connecting") {
    return (
      <div class="skeletons" aria-label={t.loading} role="status">
        {[0, 1, 2, 3].map((place) => (
          <div key={place} class="skeleton" />
        ))}
      </div>
    );
  }
  return (
    <div class="nothing">
      <h2>{t.never_title}</h2>
      <p>{t.never_text}</p>
    </div>
  );
}

function Making(): VNode {
  const open = shown.value.open;
  if (open.length === 0) return <Nothing />;
  if (settings.value.layout === "flow") return <Lane name="flow" tickets={open} from={0} title={null} />;
  const queued = open.filter((ticket) => ticket.state !== "STARTED");
  const started = open.filter((ticket) => ticket.state === "STARTED");
  return (
    <>
      <Lane name="queued" tickets={queued} from={0} title={`${t.lane_queued} · ${queued.length}`} />
      <Lane name="started" tickets={started} from={queued.length} title={`${t.lane_started} · ${started.length}`} />
    </>
  );
}

function Toast(): VNode {
  const showing = toast.value;
  return (
    <div class="toast-place">
      {showing && (
        <div class="toast" key={showing.id} data-toast>
          <span>{showing.text}</span>
          {showing.undo && (
            <button type="button" data-act="undo" onClick={undoLast}>
              {t.undo}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Later(): VNode | null {
  const next = shown.value.later[0];
  if (!next) return null;
  return (
    <button type="button" class="later" onClick={() => (panel.value = "later")}>
      {t.later(shown.value.later.length, clockTime(releaseOf(next)))}
    </button>
  );
}

function Board(): VNode {
  const Open = panel.value ? PANELS[panel.value] : null;
  const classes = ["board", stale.value && "is-stale", Open && "with-sheet", `layout-${settings.value.layout}`];
  return (
    <div class={classes.filter(Boolean).join(" ")} data-view={phoneView.value}>
      <Topbar />
      <Banner />
      <div class="floor">
        <main class="making">
          <Making />
        </main>
        <section class="ready-side" aria-labelledby="ready-title">
          <h2 id="ready-title" class="lane-title">
            {t.lane_ready} · {shown.value.ready.length}
          </h2>
          <ReadyColumn all={false} />
        </section>
        {Open && <Open key={panel.value} />}
      </div>
      <footer class="bottom">
        <Later />
        <Toast />
        <PanelButtons />
      </footer>
      <p class="spoken" role="status" aria-live="polite">
        {spoken.value}
      </p>
      <Dialogs />
      <ShiftStart />
    </div>
  );
}

function registerWorker(): void {
  if (!("serviceWorker" in navigator)) return;
  void navigator.serviceWorker
    .register("/kitchen-worker.js", { scope: location.pathname.replace(/[^/]+\/?$/, "") })
    .then(() => navigator.serviceWorker.ready)
    .then((ready) => {
      const loaded = performance.getEntriesByType("resource").map((entry) => new URL(entry.name).pathname);
      const assets = loaded.filter((path) => path.includes("/static/"));
      ready.active?.postMessage({ kind: "keep", page: location.pathname, assets: [...new Set(assets)] });
    })
    .catch(() => undefined);
}

applySettings();
resumeShift();
listenToKeys();
void openBoard();
const root = document.getElementById("board") ?? document.body.appendChild(document.createElement("div"));
render(<Board />, root);
registerWorker();
