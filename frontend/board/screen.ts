// The device's screen: kept awake during the shift, full screen where wanted. All of it may be refused; none is needed.

let lock: WakeLockSentinel | null = null;
let wanted = false;

async function hold(): Promise<void> {
  if (!wanted || lock || document.visibilityState !== "visible") return;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => {
      lock = null;
    });
  } catch {
    lock = null;
  }
}

/** Keep the screen on; taken again whenever the page comes back into view. */
export function keepAwake(): void {
  if (wanted) return;
  wanted = true;
  document.addEventListener("visibilitychange", () => void hold());
  void hold();
}

export function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}

export async function fullscreen(on: boolean): Promise<void> {
  try {
    if (on && !document.fullscreenElement) await document.documentElement.requestFullscreen({ navigationUI: "hide" });
    if (!on && document.fullscreenElement) await document.exitFullscreen();
  } catch {
    // Refused by the browser or the person: the board works in a window as well.
  }
}

/** Tell about a new ticket when the page is hidden, if allowed. */
export function announce(title: string, body: string): void {
  if (document.visibilityState === "visible" || !("Notification" in window) || Notification.permission !== "granted") return;
  try {
    new Notification(title, { body, tag: title });
  } catch {
    // Some phones allow notifications only from a worker.
  }
}

export function askToNotify(): void {
  if ("Notification" in window && Notification.permission === "default") void Notification.requestPermission().catch(() => "denied");
}
