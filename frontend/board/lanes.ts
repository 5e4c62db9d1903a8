// Which commands may leave now: first in, first out within a lane (a ticket, a product), lanes side by side. Pure.

import type { Command } from "./commands";

const AT_ONCE = 6;

export interface Traffic {
  /** Lanes with a command under way. */
  busy: ReadonlySet<string>;
  /** Device time in ms before which a lane must rest, after an answer that said wait. */
  rest: ReadonlyMap<string, number>;
}

/** The commands to send now, in the order asked. One that needs a person doesn't hold up its lane: the server checks
    each move against the state it expects, so what follows is refused if it no longer fits. */
export function due(commands: readonly Command[], traffic: Traffic, now: number): Command[] {
  const taken = new Set(traffic.busy);
  const ready: Command[] = [];
  for (const command of commands) {
    if (command.state !== "waiting" || taken.has(command.lane)) continue;
    taken.add(command.lane);
    if ((traffic.rest.get(command.lane) ?? 0) > now || command.hold_until > now) continue;
    if (ready.length + traffic.busy.size < AT_ONCE) ready.push(command);
  }
  return ready;
}

/** Milliseconds until something may become due by itself, at most `most`. */
export function nextLook(commands: readonly Command[], traffic: Traffic, now: number, most: number): number {
  const times = commands
    .filter((command) => command.state === "waiting")
    .map((command) => Math.max(command.hold_until, traffic.rest.get(command.lane) ?? 0))
    .filter((time) => time > now);
  return Math.min(most, ...times.map((time) => time - now + 5));
}
