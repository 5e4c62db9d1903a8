// The gesture that begins a shift. Browsers give sound, wake lock and full screen only to a person's tap.

import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { boot } from "./boot";
import { Icon } from "./icons";
import { askToNotify, fullscreen, isTouch, keepAwake } from "./screen";
import { shiftOn, shown, soundOn } from "./state";
import { play, wakeSound } from "./sound";
import { settings } from "./settings";
import { t } from "./words";

const KEY = "bottega-board-shift";

export async function startSound(): Promise<void> {
  soundOn.value = await wakeSound();
  play("new", settings.value.volume);
}

function start(with_sound: boolean): void {
  shiftOn.value = true;
  sessionStorage.setItem(KEY, with_sound ? "sound" : "silent");
  keepAwake();
  askToNotify();
  if (isTouch()) void fullscreen(true);
  if (with_sound) void startSound();
}

/** A reload in the middle of a shift asks for nothing again: the next tap brings the sound back. */
export function resumeShift(): void {
  const before = sessionStorage.getItem(KEY);
  if (!before) return;
  shiftOn.value = true;
  keepAwake();
  if (before !== "sound") return;
  const once = (): void => {
    removeEventListener("pointerdown", once);
    removeEventListener("keydown", once);
    void wakeSound().then((on) => {
      soundOn.value = on;
    });
  };
  addEventListener("pointerdown", once);
  addEventListener("keydown", once);
}

export function ShiftStart(): VNode | null {
  const element = useRef<HTMLDialogElement>(null);
  const open = !shiftOn.value;
  useEffect(() => {
    if (open && !element.current?.open) element.current?.showModal();
  }, [open]);
  if (!open) return null;
  return (
    <dialog ref={element} class="shift" aria-labelledby="shift-title" onCancel={(event) => event.preventDefault()}>
      <p class="shift-store">{boot.store_name}</p>
      <h2 id="shift-title">{t.shift_title}</h2>
      <p>{t.shift_text}</p>
      <p class="quiet">
        {t.staff(boot.staff_name)} · {t.open_count(shown.value.open.length)}
      </p>
      <button type="button" class="main" data-act="shift" onClick={() => start(true)}>
        <Icon name="bell" /> {t.shift_start}
      </button>
      <button type="button" class="plain" onClick={() => start(false)}>
        {t.shift_silent}
      </button>
    </dialog>
  );
}
