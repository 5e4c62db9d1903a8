// The strip that is always there: whose board, how far it can be trusted, how much is open, and the panels.

import { computed, signal } from "@preact/signals";
import type { VNode } from "preact";
import { boot } from "./boot";
import { now } from "./clock";
import { lastHeard, link, STALE_AFTER_MS, type Phase } from "./connection";
import { Icon, type IconName } from "./icons";
import { attention, highlight, intake, panel, shiftOn, shown, signedOut, soundOn, updateReady, waiting, type Panel } from "./state";
import { sendNow } from "./verbs";
import { clockTime, exactTime, t } from "./words";
import { startSound } from "./shift";

const DUE_MS = 120_000;

/** Seconds since the server was last heard, ticking with the board's timer; the device's own clock on both sides. */
const silence = computed(() => {
  void now.value;
  return lastHeard.value === 0 ? null : Math.max(0, Math.round((Date.now() - lastHeard.value) / 1_000));
});

/** A screen that the server no longer feeds must not look alive. */
export const stale = computed(() => {
  const phase = link.value.phase;
  if (phase === "offline" || phase === "signed_out") return true;
  return silence.value !== null && silence.value * 1_000 > STALE_AFTER_MS;
});

const due = computed(() => shown.value.open.filter((ticket) => Date.parse(ticket.promised_at) - now.value < DUE_MS).length);

const WORDS: Record<Phase, string> = {
  connecting: t.connecting,
  live: t.live,
  polling: t.polling,
  reconnecting: t.reconnecting,
  offline: t.offline,
  signed_out: t.signed_out,
};

function LinkState(): VNode {
  const phase = signedOut.value ? "signed_out" : link.value.phase;
  return (
    <p class={`link link-${phase}`} data-link={phase}>
      <span class="dot" aria-hidden="true" />
      <span>{WORDS[phase]}</span>
      {silence.value !== null && <span class="silence">{t.ago(silence.value)}</span>}
    </p>
  );
}

const PANELS: readonly [Exclude<Panel, null>, IconName, string][] = [
  ["all_day", "all_day", t.all_day],
  ["recall", "recall", t.recall],
  ["sold_out", "sold_out", t.sold_out],
  ["intake", "intake", t.intake],
  ["screen", "screen", t.screen],
];

export function openPanel(name: Exclude<Panel, null>): void {
  panel.value = panel.value === name ? null : name;
  if (panel.value !== "all_day") highlight.value = null;
}

export function PanelButtons(): VNode {
  return (
    <nav class="panel-buttons">
      {PANELS.map(([name, icon, word]) => (
        <button key={name} type="button" data-panel={name} aria-expanded={panel.value === name} onClick={() => openPanel(name)}>
          <Icon name={icon} />
          <span>{word}</span>
        </button>
      ))}
    </nav>
  );
}

function Chips(): VNode {
  const paused = intake.value?.paused;
  const until = intake.value?.until;
  return (
    <>
      {paused && (
        <button type="button" class="chip chip-warn" onClick={() => (panel.value = "intake")}>
          {until ? t.intake_paused_until(clockTime(until)) : t.intake_paused}
        </button>
      )}
      {attention.value.length > 0 && (
        <button type="button" class="chip chip-late" onClick={() => (panel.value = "attention")}>
          {t.attention(attention.value.length)}
        </button>
      )}
      {shiftOn.value && !soundOn.value && (
        <button type="button" class="chip" onClick={() => void startSound()}>
          <Icon name="mute" /> {t.sound_off}
        </button>
      )}
      {updateReady.value && (
        <button type="button" class="chip chip-info" onClick={() => location.reload()}>
          {t.new_version} · {t.reload}
        </button>
      )}
    </>
  );
}

/** Which of the two lists a phone shows. */
export const phoneView = signal<"open" | "ready">("open");

function Tabs(): VNode {
  return (
    <div class="tabs">
      {(["open", "ready"] as const).map((view) => (
        <button key={view} type="button" aria-pressed={phoneView.value === view} onClick={() => (phoneView.value = view)}>
          {view === "open" ? t.open_count(shown.value.open.length) : `${shown.value.ready.length} ${t.lane_ready}`}
        </button>
      ))}
    </div>
  );
}

export function Topbar(): VNode {
  const late = due.value;
  return (
    <header class="topbar">
      <h1>{boot.store_name}</h1>
      <LinkState />
      <p class="counts">
        {t.open_count(shown.value.open.length)}
        {late > 0 && ` · ${t.due_count(late)}`}
      </p>
      <div class="chips">
        <Chips />
      </div>
      <PanelButtons />
      <Tabs />
    </header>
  );
}

/** Why the board is dimmed, since when, what waits, and what to do. */
export function Banner(): VNode | null {
  const { phase, offline_since } = link.value;
  const count = waiting.value.length;
  if (signedOut.value) {
    const next = encodeURIComponent(location.pathname);
    return (
      <div class="banner" data-banner="signed_out">
        <p>
          <b>{[t.signed_out, count > 0 && t.waiting(count)].filter(Boolean).join(" · ")}</b> {t.signed_out_help}
        </p>
        <a class="banner-act" href={boot.login_url ?? `/login?next=${next}`}>
          {t.sign_in}
        </a>
      </div>
    );
  }
  const offline = phase === "offline" && offline_since !== null;
  if (!offline && !stale.value && !(phase === "reconnecting" && count > 0)) return null;
  const words = [
    offline ? t.offline_since(clockTime(offline_since)) : t.reconnecting,
    count > 0 && t.waiting(count),
    stale.value && lastHeard.value > 0 && t.last_update(exactTime(lastHeard.value)),
  ];
  return (
    <div class="banner" data-banner="offline">
      <p>
        <b>{words.filter(Boolean).join(" · ")}</b> {offline && t.offline_help}
      </p>
      {count > 0 && (
        <button type="button" class="banner-act" onClick={sendNow}>
          {t.send_now}
        </button>
      )}
    </div>
  );
}
