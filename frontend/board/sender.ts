// Sends what the outbox keeps. One tab of the device sends, elected by a Web Lock; the others only add. Every command is
// a POST with its id as idempotency key, so sending twice is harmless. What an answer means is decided in answers.ts.

import { actionFor, type Action, type Answer } from "./answers";
import { requestOf, type Command } from "./commands";
import type { Problem } from "./contract";
import { due, nextLook } from "./lanes";
import type { Outbox } from "./outbox";

const LOOK_AGAIN_MS = 15_000;
const ANSWER_WITHIN_MS = 15_000;

export interface Listener {
  /** A command left the outbox: the server did it (`body` is its answer), or somebody was faster. */
  done(command: Command, body: unknown): void;
  moved(command: Command, problem: Problem): void;
  /** The server understood and refused; it stays in the outbox for a person to look at. */
  attention(command: Command): void;
  changed(): void;
  /** The network did or didn't carry a request. */
  reachable(yes: boolean): void;
  signedOut(): void;
}

export interface Sender {
  /** Something may be due: a new command, a network, a visible page. */
  wake(): void;
  /** Forget the waits after failures and go at once. */
  now(): void;
  resume(): void;
}

interface Session {
  store_id: string;
  token(): string;
  /** Fetch a new CSRF token; false when that needs a sign-in. */
  renew(): Promise<boolean>;
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
}

async function post(session: Session, command: Command): Promise<{ answer: Answer; body: unknown }> {
  const request = requestOf(session.store_id, command.intent);
  try {
    const response = await fetch(request.path, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual",
      headers: { "Content-Type": "application/json", "Idempotency-Key": command.id, "X-CSRF-Token": session.token() },
      body: JSON.stringify(request.body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    const body: unknown = await response.json().catch(() => null);
    // A redirect is the way to the sign-in page.
    const status = response.type === "opaqueredirect" ? 401 : response.status;
    const problem = status >= 400 ? (body as Problem | null) : null;
    return { answer: { status, problem, retry_after: retryAfter(response) }, body };
  } catch {
    return { answer: { status: 0, problem: null, retry_after: null }, body: null };
  }
}

interface Bell {
  ring(): void;
  hush(): void;
  /** Until it rings, or has rung since `hush`, or the time is over. */
  wait(most_ms: number): Promise<void>;
}

function makeBell(): Bell {
  let rung = false;
  let wakeUp = (): void => undefined;
  return {
    ring() {
      rung = true;
      wakeUp();
    },
    hush() {
      rung = false;
    },
    async wait(most_ms) {
      if (rung) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, most_ms);
        wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}

export function startSender(outbox: Outbox, session: Session, listener: Listener): Sender {
  const busy = new Set<string>();
  const rest = new Map<string, number>();
  let paused = false;
  const bell = makeBell();

  async function act(command: Command, action: Action, body: unknown): Promise<void> {
    switch (action.do) {
      case "done":
        rest.delete(command.lane);
        await outbox.remove(command.seq);
        return listener.done(command, body);
      case "moved":
        await outbox.remove(command.seq);
        return listener.moved(command, action.problem);
      case "attention": {
        const refused: Command = { ...command, state: "attention", last_error: action.reason };
        await outbox.put(refused);
        return listener.attention(refused);
      }
      case "retry":
        rest.set(command.lane, Date.now() + action.after_ms);
        return undefined;
      case "new_token":
        if (await session.renew()) return undefined;
        paused = true;
        return listener.signedOut();
      case "sign_in":
        paused = true;
        return listener.signedOut();
    }
  }

  async function send(seq: number): Promise<void> {
    const command = await outbox.claim(seq);
    if (!command) return;
    const { answer, body } = await post(session, command);
    listener.reachable(answer.status !== 0);
    await act(command, actionFor(answer, command.attempts - 1, Math.random()), body);
  }

  async function drain(): Promise<void> {
    for (;;) {
      bell.hush();
      const commands = await outbox.all();
      const traffic = { busy, rest };
      const ready = paused || !navigator.onLine ? [] : due(commands, traffic, Date.now());
      for (const command of ready) {
        busy.add(command.lane);
        void send(command.seq)
          .catch(() => rest.set(command.lane, Date.now() + 1_000))
          .finally(() => {
            busy.delete(command.lane);
            listener.changed();
            bell.ring();
          });
      }
      const pause = paused ? LOOK_AGAIN_MS : nextLook(commands, traffic, Date.now(), LOOK_AGAIN_MS);
      await bell.wait(pause);
    }
  }

  // Where there are no locks (an old browser, plain http on another machine) the keys still keep sending twice harmless.
  if (navigator.locks) void navigator.locks.request(`bottega-board-sender-${session.store_id}`, drain);
  else void drain();

  return {
    wake: () => bell.ring(),
    now: () => {
      rest.clear();
      bell.ring();
    },
    resume: () => {
      paused = false;
      rest.clear();
      bell.ring();
    },
  };
}
