// A page that follows what happens: each event of its stream fetches the page's part again and swaps it in. When the
// stream does not come through, it asks every few seconds instead. The part says what changed in `data-say`.
import { showClocks, watchClocks } from "./clocks";
import { watchForms } from "./forms";
import { watchPage } from "./page";
import { announce } from "./say";

const POLL = 5_000;
const SILENCE = 45_000;

class Follower {
  private heard = Date.now();
  private asking = false;
  private again = false;
  private said: string;
  private source: EventSource | null = null;

  constructor(private readonly place: HTMLElement) {
    this.said = place.querySelector<HTMLElement>("[data-say]")?.dataset.say ?? "";
    if (place.querySelector("[data-final]")) return;
    this.listen();
    setInterval(() => this.tick(), POLL);
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) void this.refresh();
    });
  }

  private listen(): void {
    const address = this.place.dataset.stream;
    if (!address) return;
    this.source = new EventSource(address);
    this.source.onopen = () => this.hear();
    this.source.onerror = () => this.state();
    for (const name of (this.place.dataset.events ?? "message").split(" ")) {
      this.source.addEventListener(name, (event) => {
        this.hear();
        if (!this.knows((event as MessageEvent<string>).data)) void this.refresh();
      });
    }
  }

  /** Whether the page shows that already: the state on connect is mostly the one it was loaded with. */
  private knows(data: string): boolean {
    const shown = Number(this.place.querySelector<HTMLElement>("[data-seq]")?.dataset.seq ?? -1);
    try {
      const told: unknown = (JSON.parse(data) as { seq?: unknown }).seq;
      return typeof told === "number" && told <= shown;
    } catch {
      return false;
    }
  }

  private live(): boolean {
    return this.source?.readyState === EventSource.OPEN;
  }

  private hear(): void {
    this.heard = Date.now();
    this.state();
  }

  /** Never let an old screen look live. */
  private state(): void {
    const stale = !this.live() && Date.now() - this.heard > POLL * 2;
    this.place.dataset.state = stale ? "stale" : "live";
    for (const element of this.place.querySelectorAll<HTMLElement>("[data-when]")) {
      element.hidden = element.dataset.when !== this.place.dataset.state;
    }
  }

  private tick(): void {
    if (this.source?.readyState === EventSource.CLOSED) this.listen();
    const quiet = Date.now() - this.heard > SILENCE;
    if (!document.hidden && (!this.live() || quiet)) void this.refresh();
    this.state();
  }

  private async refresh(): Promise<void> {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      const answer = await fetch(this.place.dataset.part ?? location.href, { headers: { "HX-Request": "true" } });
      if (answer.ok) {
        this.swap(await answer.text());
        this.heard = Date.now();
      }
    } catch {
      // The network is away; the next tick asks again and the page says how old it is.
    } finally {
      this.asking = false;
      this.state();
    }
    if (this.again) {
      this.again = false;
      await this.refresh();
    }
  }

  /** Only what differs is replaced, so a button that has the focus keeps it. */
  private swap(html: string): void {
    const next = document.createElement("template");
    next.innerHTML = html;
    for (const part of next.content.querySelectorAll<HTMLElement>("[data-part]")) {
      const old = this.place.querySelector<HTMLElement>(`[data-part="${part.dataset.part}"]`);
      // A part with a key is what it was while the key is, whatever a hand or a clock has done to it since; with another
      // key it goes, also from under a hand.
      if (old && part.dataset.key !== undefined) {
        if (old.dataset.key !== part.dataset.key) old.replaceWith(part);
        continue;
      }
      if (old && old.outerHTML !== part.outerHTML && !old.contains(document.activeElement)) old.replaceWith(part);
    }
    showClocks();
    const say = this.place.querySelector<HTMLElement>("[data-say]")?.dataset.say ?? "";
    if (say && say !== this.said) announce(say);
    this.said = say;
    const title = this.place.querySelector<HTMLElement>("[data-title]")?.dataset.title;
    if (title) document.title = title;
    if (this.place.querySelector("[data-final]")) this.source?.close();
  }
}

watchPage();
watchForms();
watchClocks();
const place = document.querySelector<HTMLElement>("[data-live]");
if (place) new Follower(place);
