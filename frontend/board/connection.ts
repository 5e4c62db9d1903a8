// The live queue: WebSocket first, server-sent events where a proxy refuses that, asking again and again where neither
// goes. Says at all times how far what is shown can be trusted (`link`). Knows nothing of what tickets mean.

import { signal } from "@preact/signals";
import type { Availability, Snapshot, Ticket } from "./contract";
import { readEvents } from "./event_stream";

export type Phase = "connecting" | "live" | "polling" | "reconnecting" | "offline" | "signed_out";

export interface Link {
  phase: Phase;
  /** Device time in ms since when it is offline, or null. */
  offline_since: number | null;
}

const OPEN_WITHIN_MS = 6_000;
/** Heartbeats come every 15 s: after two and a half missed ones the line is dead. */
export const STALE_AFTER_MS = 40_000;
const POLL_EVERY_MS = 4_000;

export const link = signal<Link>({ phase: "connecting", offline_since: null });
/** Device time in ms of the last word from the server, heartbeats included; 0 before the first. */
export const lastHeard = signal(0);

export interface Receiver {
  snapshot(snapshot: Snapshot): void;
  ticket(ticket: Ticket, server_now: string): void;
  availability(change: Availability): void;
  heartbeat(server_now: string | undefined): void;
  /** The store's intake or hours have changed. */
  store(): void;
  /** The stream is open again after it was not. */
  opened(): void;
}

type Probe = "ok" | "no_network" | "signed_out" | "refused";

function setPhase(phase: Phase): void {
  const before = link.value;
  const offline_since = phase === "offline" ? (before.offline_since ?? Date.now()) : null;
  if (before.phase !== phase || before.offline_since !== offline_since) link.value = { phase, offline_since };
}

export class Connection {
  private attempt = 0;
  private preferred: "socket" | "events" = "socket";
  private close: () => void = () => undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private generation = 0;

  constructor(
    private readonly store_id: string,
    private readonly receiver: Receiver,
  ) {}

  start(): void {
    this.open();
    addEventListener("online", () => this.again());
    addEventListener("offline", () => this.lost("offline"));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && link.value.phase !== "live") this.again();
    });
    setInterval(() => {
      if (link.value.phase === "live" && Date.now() - lastHeard.value > STALE_AFTER_MS) this.lost("reconnecting");
    }, 5_000);
  }

  /** Try now, without waiting for the next turn. */
  again(): void {
    clearTimeout(this.timer);
    this.open();
  }

  /** Ask for the whole queue once. */
  async refetch(): Promise<Probe> {
    try {
      const response = await fetch(`/v1/stores/${this.store_id}/queue`, {
        credentials: "same-origin",
        redirect: "manual",
        cache: "no-store",
        signal: AbortSignal.timeout(OPEN_WITHIN_MS),
      });
      if (response.status === 401 || response.type === "opaqueredirect") return "signed_out";
      if (!response.ok) return response.status >= 500 ? "no_network" : "refused";
      const body = (await response.json()) as { data: Ticket[]; server_now: string; position?: number };
      this.heard();
      this.receiver.snapshot({ tickets: body.data, server_now: body.server_now });
      return "ok";
    } catch {
      return "no_network";
    }
  }

  private open(): void {
    this.generation += 1;
    const mine = this.generation;
    this.close();
    const ended = (): void => {
      if (mine === this.generation) this.lost("reconnecting");
    };
    this.close = this.preferred === "socket" ? this.openSocket(ended) : this.openEvents(ended);
  }

  private openSocket(ended: () => void): () => void {
    const origin = location.origin.replace(/^http/, "ws");
    const socket = new WebSocket(`${origin}/v1/stores/${this.store_id}/queue/stream`);
    const impatience = setTimeout(() => socket.close(), OPEN_WITHIN_MS);
    socket.onopen = () => clearTimeout(impatience);
    socket.onmessage = (message) => {
      const { event, data, ...rest } = JSON.parse(String(message.data)) as { event: string; data?: unknown };
      this.take(event, data ?? rest);
    };
    socket.onclose = () => {
      clearTimeout(impatience);
      ended();
    };
    return () => {
      socket.onclose = null;
      clearTimeout(impatience);
      socket.close();
    };
  }

  private openEvents(ended: () => void): () => void {
    const abort = new AbortController();
    const take = (event: string, data: string): void => this.take(event, JSON.parse(data));
    void readEvents(
      `/v1/stores/${this.store_id}/queue/stream`,
      abort.signal,
      ({ event, data }) => take(event, data),
      () => this.heard(),
    ).then(ended, ended);
    return () => abort.abort();
  }

  private heard(): void {
    lastHeard.value = Date.now();
  }

  private take(event: string, data: unknown): void {
    this.heard();
    if (event === "snapshot") {
      this.attempt = 0;
      const fresh = link.value.phase !== "live";
      setPhase("live");
      this.receiver.snapshot(data as Snapshot);
      if (fresh) this.receiver.opened();
    } else if (event === "ticket") {
      const change = data as { ticket: Ticket; server_now: string };
      this.receiver.ticket(change.ticket, change.server_now);
    } else if (event === "availability") {
      this.receiver.availability(data as Availability);
    } else if (event === "heartbeat") {
      this.receiver.heartbeat((data as { server_now?: string } | undefined)?.server_now);
    } else if (event === "store") {
      this.receiver.store();
    } else if (event === "reset") {
      void this.refetch();
    }
  }

  /** The line broke: say so, ask once by hand (which tells a dead network from a closed stream), try the other way next. */
  private lost(phase: Phase): void {
    this.generation += 1;
    const mine = this.generation;
    this.close();
    this.close = () => undefined;
    clearTimeout(this.timer);
    if (link.value.phase === "live" || link.value.phase === "connecting") setPhase(phase);
    this.attempt += 1;
    void this.refetch().then((probe) => {
      if (mine !== this.generation) return;
      if (probe === "ok") this.preferred = this.attempt % 2 === 0 ? "socket" : "events";
      if (probe === "ok") setPhase(this.attempt > 2 ? "polling" : "reconnecting");
      if (probe === "no_network") setPhase("offline");
      if (probe === "signed_out") setPhase("signed_out");
      const wait = probe === "ok" && this.attempt > 2 ? POLL_EVERY_MS : Math.min(8_000, 300 * 2 ** Math.min(this.attempt, 5));
      this.timer = setTimeout(() => this.open(), wait * (0.75 + Math.random() / 2));
    });
  }
}
