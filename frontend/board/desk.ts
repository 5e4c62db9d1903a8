// Puts the parts together: memory, outbox, sender, live connection and the signals between them. What arrives from
// outside enters the board here.

import { batch, effect } from "@preact/signals";
import { boot, csrfToken, newerVersion, renewToken } from "./boot";
import { learn, learnAtLeast, serverNow, startClock } from "./clock";
import { ticketOf, type Command } from "./commands";
import { Connection, lastHeard, link, type Receiver } from "./connection";
import type { Problem, Ticket } from "./contract";
import { intakeOf, sellablesOf, type MenuBody, type StoreBody } from "./menu";
import { openOutbox, type Outbox } from "./outbox";
import { announce } from "./screen";
import { startSender, type Listener, type Sender } from "./sender";
import { settings } from "./settings";
import { play, type Tune } from "./sound";
import {
  attention, commands, flashing, intake, known, queue, sellables, shown, signedOut, spoken, switched, updateReady, withAvailability,
} from "./state";
import { project, withSnapshot, withTicket, without, type Queue } from "./tickets";
import { notify, openDesk } from "./verbs";
import { localTime, t } from "./words";

const FLASH_MS = 5_000;
const REPEAT_MS = 5_000;
const REMEMBER_AFTER_MS = 100;
/** A remembered queue of yesterday is worse than none. */
const REMEMBER_FOR_MS = 12 * 3_600_000;

interface Remembered {
  queue: Queue;
  at: number;
}

function flash(ticket_id: string): void {
  flashing.value = new Set(flashing.value).add(ticket_id);
  setTimeout(() => {
    const rest = new Set(flashing.value);
    rest.delete(ticket_id);
    flashing.value = rest;
  }, FLASH_MS);
}

function ring(tune: Tune): void {
  play(tune, settings.value.volume);
}

/** Say and show what one ticket's news means for the people at the board. */
function tell(before: Queue, after: Queue, ticket: Ticket): boolean {
  const id = ticket.ticket_id;
  const mark = after.marks.get(id);
  if (!before.tickets.has(id) && after.tickets.has(id) && ticket.state === "QUEUED") {
    flash(id);
    spoken.value = t.new_ticket(ticket.number);
    announce(t.new_ticket(ticket.number), ticket.lines.map((line) => `${line.qty}× ${line.name}`).join(", "));
    return true;
  }
  if (mark && mark !== before.marks.get(id)) {
    flash(id);
    ring(mark.kind === "CANCELLED" ? "cancelled" : "changed");
    spoken.value = mark.kind === "CANCELLED" ? t.ticket_cancelled(ticket.number) : t.ticket_changed(ticket.number);
  }
  return false;
}

function receiver(connected: () => void, reload: () => void): Receiver {
  let first = true;
  return {
    snapshot(snapshot) {
      learn(snapshot.server_now);
      const before = queue.value;
      batch(() => {
        queue.value = withSnapshot(before, snapshot.tickets);
        known.value = true;
        if (!first || before.tickets.size > 0) {
          const fresh = snapshot.tickets.filter((ticket) => tell(before, queue.value, ticket));
          if (fresh.length > 0) ring("new");
        }
      });
      first = false;
    },
    ticket(ticket, server_now) {
      learnAtLeast(server_now);
      const before = queue.value;
      batch(() => {
        queue.value = withTicket(before, ticket);
        if (tell(before, queue.value, ticket)) ring("new");
      });
    },
    availability(change) {
      sellables.value = withAvailability(sellables.value, change);
    },
    heartbeat: learn,
    store: reload,
    opened: connected,
  };
}

/** The ticket in an answer, whether it is the answer or part of it. */
function ticketIn(body: unknown): Ticket | null {
  const answer = body as { ticket?: Ticket; ticket_id?: string } | null;
  if (answer?.ticket) return answer.ticket;
  return answer?.ticket_id ? (answer as Ticket) : null;
}

/** What is certain once the server has done a command, also when its answer shows no ticket. */
function settled(before: Queue, command: Command, body: unknown): Queue {
  const intent = command.intent;
  if (!("ticket_id" in intent)) return before;
  const ticket = before.tickets.get(intent.ticket_id);
  if (intent.kind === "hand_over" || intent.kind === "cancel") return without(before, intent.ticket_id, ticket?.version ?? 0);
  const answered = ticketIn(body);
  if (answered) return withTicket(before, answered);
  return { ...before, tickets: project(before.tickets, [command]) };
}

function forget(command: Command): void {
  commands.value = commands.value.filter((kept) => kept.id !== command.id);
}

function listener(connection: () => Connection, told: () => void, reload: () => Promise<void>): Listener {
  return {
    done(command, body) {
      batch(() => {
        queue.value = settled(queue.value, command, body);
        const intent = command.intent;
        if (intent.kind === "availability") {
          sellables.value = sellables.value.map((thing) => (thing.id === intent.id ? switched(thing, command) : thing));
        }
        forget(command);
      });
      if (command.lane === "intake") void reload();
      told();
    },
    moved(command, problem: Problem) {
      const current = problem.ticket?.ticket_id === ticketOf(command.intent) ? problem.ticket : undefined;
      batch(() => {
        forget(command);
        if (current) queue.value = withTicket(queue.value, current);
        // A tick or an undo that came second leaves nothing to explain.
        if (command.intent.kind === "made" || command.intent.kind === "undo" || command.intent.kind === "seen") return;
        const state = t.states[problem.ticket?.state ?? ""];
        notify(state ? t.faster(command.label, problem.moved_by ?? null, state) : t.moved_on(command.label));
      });
      if (!current) void connection().refetch();
      told();
    },
    attention(command) {
      commands.value = commands.value.map((kept) => (kept.id === command.id ? command : kept));
      spoken.value = t.attention(attention.value.length);
      told();
    },
    changed: () => undefined,
    reachable(yes) {
      if (!yes && link.value.phase === "live") return;
      if (yes && link.value.phase === "offline") connection().again();
    },
    signedOut() {
      signedOut.value = true;
    },
  };
}

async function getJson(path: string): Promise<unknown> {
  const response = await fetch(path, { credentials: "same-origin", cache: "no-cache" });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/** Fetch what surrounds the queue: menu for the sold-out panel, the store's intake. Old news stay where the network fails. */
export async function loadStore(outbox: Outbox): Promise<void> {
  const store = `/v1/stores/${boot.store_id}`;
  const [menu, about] = await Promise.allSettled([getJson(`${store}/menu`), getJson(store)]);
  if (menu.status === "fulfilled") {
    sellables.value = sellablesOf(menu.value as MenuBody, sellables.value, localTime(serverNow()));
    await outbox.remember("sellables", sellables.value);
  }
  if (about.status === "fulfilled") intake.value = intakeOf(about.value as StoreBody);
}

async function recallMemory(outbox: Outbox): Promise<void> {
  commands.value = await outbox.all();
  const remembered = await outbox.recall<Remembered>("queue");
  if (remembered && Date.now() - remembered.at < REMEMBER_FOR_MS) {
    queue.value = remembered.queue;
    known.value = true;
    lastHeard.value = remembered.at;
  }
  sellables.value = (await outbox.recall<typeof sellables.value>("sellables")) ?? [];
}

/** Write the queue down soon after it changes, however fast it goes on changing, and at once when the page goes. */
function keepMemory(outbox: Outbox): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (known.value) void outbox.remember("queue", { queue: queue.value, at: lastHeard.value || Date.now() });
  };
  effect(() => {
    void queue.value;
    timer ??= setTimeout(write, REMEMBER_AFTER_MS);
  });
  addEventListener("pagehide", write);
}

function repeatUntilStarted(): void {
  setInterval(() => {
    if (settings.value.repeat && shown.value.open.some((ticket) => ticket.state === "QUEUED")) ring("new");
  }, REPEAT_MS);
}

async function deviceId(outbox: Outbox): Promise<string> {
  const kept = await outbox.recall<string>("device_id");
  if (kept) return kept;
  const made = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  await outbox.remember("device_id", made);
  return made;
}

/** Other tabs of this device hear that the outbox has changed. */
function tabs(outbox: Outbox, sender: () => Sender): () => void {
  const channel = new BroadcastChannel(`bottega-board-${boot.store_id}`);
  channel.onmessage = () => {
    void outbox.all().then((all) => {
      // What this tab has asked for and the disk doesn't have yet stays.
      const drafts = commands.value.filter((command) => command.seq === Number.MAX_SAFE_INTEGER);
      commands.value = [...all, ...drafts.filter((draft) => all.every((command) => command.id !== draft.id))];
      sender().wake();
    });
  };
  return () => channel.postMessage("changed");
}

export async function openBoard(): Promise<void> {
  startClock();
  const outbox = await openOutbox(boot.store_id);
  await recallMemory(outbox);
  keepMemory(outbox);
  const reload = (): Promise<void> => loadStore(outbox);
  const connection = new Connection(
    boot.store_id,
    receiver(() => {
      signedOut.value = false;
      sender.resume();
      void reload();
      void newerVersion().then((newer) => {
        updateReady.value = newer;
      });
    }, () => void reload()),
  );
  const told = tabs(outbox, () => sender);
  const session = { store_id: boot.store_id, token: csrfToken, renew: renewToken };
  const sender: Sender = startSender(outbox, session, listener(() => connection, told, reload));
  openDesk({ outbox, sender, device_id: await deviceId(outbox), told });
  addEventListener("online", () => sender.now());
  const welcome = (): void => {
    signedOut.value = false;
    sender.resume();
  };
  document.addEventListener("visibilitychange", () => {
    sender.wake();
    // Back from the sign-in page in another tab, perhaps.
    if (signedOut.value) void connection.refetch().then((answer) => answer === "ok" && welcome());
  });
  effect(() => {
    if (link.value.phase === "signed_out") signedOut.value = true;
    if (link.value.phase === "polling") sender.now();
  });
  connection.start();
  repeatUntilStarted();

}
