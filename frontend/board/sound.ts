// Sounds of the board, made by the browser's own synthesiser. Browsers keep silent until a person has touched the page:
// `wakeSound` belongs into the gesture that starts the shift.

export type Tune = "new" | "changed" | "cancelled";

const TUNES: Record<Tune, readonly (readonly [hertz: number, at: number])[]> = {
  new: [[880, 0], [1174.7, 0.14]],
  changed: [[740, 0], [740, 0.16], [740, 0.32]],
  cancelled: [[523.3, 0], [392, 0.2]],
};
const NOTE_SECONDS = 0.13;

let context: AudioContext | null = null;

/** Make sound possible; true when it is. Call from a tap or a key. */
export async function wakeSound(): Promise<boolean> {
  try {
    context ??= new AudioContext();
    await context.resume();
    return context.state === "running";
  } catch {
    return false;
  }
}

/** Play a tune at a volume between 0 and 1; silent when nobody has touched the page yet. */
export function play(tune: Tune, volume: number): void {
  if (!context || context.state !== "running" || volume <= 0) return;
  for (const [hertz, at] of TUNES[tune]) {
    const start = context.currentTime + at;
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.type = "triangle";
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(volume, start + 0.012);
    gain.gain.exponentialRampToValueAtTime(0.001, start + NOTE_SECONDS);
    tone.connect(gain).connect(context.destination);
    tone.start(start);
    tone.stop(start + NOTE_SECONDS);
  }
}
