// The queue's reducers: what the server says, what was asked for laid over it, and what is shown.

import assert from "node:assert/strict";
import test from "node:test";
import { allDay } from "./allday";
import { command, line, ticket } from "./samples";
import { acknowledged, arrange, EMPTY, linesShown, parts, project, waits, withSnapshot, withTicket, without } from "./tickets";

const SORTING = { recalled_first: true, categories: [] };
const BUMP = { kind: "bump", ticket_id: "tkt_1", from_state: "QUEUED" } as const;
const FINISH = { kind: "bump", ticket_id: "tkt_1", from_state: "STARTED" } as const;

test("an older version of a ticket changes nothing", () => {
  const queue = withTicket(EMPTY, ticket({ version: 3, state: "STARTED" }));
  assert.equal(withTicket(queue, ticket({ version: 2 })), queue);
});

test("a ticket that was handed over does not come back by a late message", () => {
  const queue = without(withTicket(EMPTY, ticket({ version: 4, state: "DONE" })), "tkt_1", 4);
  assert.equal(withTicket(queue, ticket({ version: 4, state: "DONE" })).tickets.size, 0);
  assert.equal(withSnapshot(queue, [ticket({ version: 4, state: "DONE" })]).tickets.size, 0);
});

test("a recalled ticket comes back under its newer version", () => {
  const queue = without(withTicket(EMPTY, ticket({ version: 4, state: "DONE" })), "tkt_1", 5);
  assert.equal(withTicket(queue, ticket({ version: 6, state: "STARTED" })).tickets.get("tkt_1")?.state, "STARTED");
});

test("a snapshot drops what it lacks, except a cancelled ticket nobody has seen", () => {
  let queue = withSnapshot(EMPTY, [ticket(), ticket({ ticket_id: "tkt_2" })]);
  queue = withTicket(queue, ticket({ ticket_id: "tkt_2", version: 2, state: "CANCELLED" }));
  queue = withSnapshot(queue, []);
  assert.deepEqual([...queue.tickets.keys()], ["tkt_2"]);
  assert.equal(acknowledged(queue, "tkt_2").tickets.size, 0);
});

test("changed lines mark the ticket until acknowledged, ticks don't", () => {
  const queue = withTicket(EMPTY, ticket());
  const ticked = withTicket(queue, ticket({ version: 2, lines: [line({ made: true })] }));
  assert.equal(ticked.marks.size, 0);
  const changed = withTicket(ticked, ticket({ version: 3, lines: [line({ qty: 2 })] }));
  assert.equal(changed.marks.get("tkt_1")?.kind, "CHANGED");
  assert.equal(acknowledged(changed, "tkt_1").marks.size, 0);
});

test("units of a line that are out change nothing yet, and are what is gone when they come off", () => {
  const queue = withTicket(EMPTY, ticket({ lines: [line({ qty: 3 })] }));
  const apart = [line({ qty: 2 }), line({ line_id: "lin_9", short: true })];
  const waiting = withTicket(queue, ticket({ version: 2, lines: apart }));
  assert.equal(waiting.marks.size, 0);
  const settled = ticket({ version: 3, lines: [line({ qty: 2 })] });
  const marks = withTicket(waiting, settled).marks.get("tkt_1");
  assert.deepEqual(linesShown(settled, marks).map(({ line, change }) => [line.qty, change]), [[2, "none"], [1, "removed"]]);
});

test("what was asked for shows the units that are out, and the same once the server has put them apart", () => {
  const asked = command({ kind: "short", ticket_id: "tkt_1", order_id: "ord_1", line_id: "lin_1", qty: 1, sold_out: false, until: null });
  const before = ticket({ lines: [line({ qty: 3 })] });
  const after = ticket({ version: 2, lines: [line({ qty: 2 }), line({ line_id: "lin_9", short: true })] });
  const shown = [before, after].map((known) => project(withTicket(EMPTY, known).tickets, [asked]).get("tkt_1")?.lines);
  for (const lines of shown) assert.deepEqual(lines?.map(({ qty, short }) => [qty, short ?? false]), [[2, false], [1, true]]);
});

test("a change shows what came as added and what went as removed", () => {
  const now = ticket({ lines: [line(), line({ line_id: "lin_3", name: "Tea" })] });
  const before = [line(), line({ line_id: "lin_2", name: "Cornetto" })];
  const shown = linesShown(now, { kind: "CHANGED", before });
  assert.deepEqual(shown.map(({ line, change }) => [line.name, change]), [["Cappuccino", "none"], ["Tea", "added"], ["Cornetto", "removed"]]);
});

test("waiting commands show their effect in the order asked", () => {
  const { tickets } = withTicket(EMPTY, ticket());
  assert.equal(project(tickets, [command(BUMP)]).get("tkt_1")?.state, "STARTED");
  assert.equal(project(tickets, [command(BUMP), command(FINISH)]).get("tkt_1")?.state, "DONE");
  const undone = [command(BUMP), command({ kind: "undo", ticket_id: "tkt_1", to_state: "QUEUED" })];
  assert.equal(project(tickets, undone).get("tkt_1")?.state, "QUEUED");
});

test("a bump that the server already knows has no second effect", () => {
  const { tickets } = withTicket(EMPTY, ticket({ version: 2, state: "STARTED" }));
  assert.equal(project(tickets, [command(BUMP)]).get("tkt_1")?.state, "STARTED");
});

test("a refused command has no effect and an untouched ticket keeps its identity", () => {
  const { tickets } = withTicket(withTicket(EMPTY, ticket()), ticket({ ticket_id: "tkt_2" }));
  assert.equal(project(tickets, [command(BUMP, { state: "attention" })]).get("tkt_1"), tickets.get("tkt_1"));
  assert.equal(project(tickets, [command(BUMP)]).get("tkt_2"), tickets.get("tkt_2"));
});

test("tickets stand by promised time, recalled first where wanted, later ones apart", () => {
  const now = Date.parse("2026-05-04T10:05:00Z");
  const tickets = new Map([
    ["a", ticket({ ticket_id: "a", promised_at: "2026-05-04T10:20:00Z" })],
    ["b", ticket({ ticket_id: "b", promised_at: "2026-05-04T10:10:00Z" })],
    ["c", ticket({ ticket_id: "c", promised_at: "2026-05-04T10:30:00Z", recalled_at: "2026-05-04T10:04:00Z", state: "STARTED" })],
    ["d", ticket({ ticket_id: "d", release_at: "2026-05-04T11:00:00Z" })],
    ["e", ticket({ ticket_id: "e", state: "DONE" })],
  ]);
  const ids = (list: { ticket_id: string }[]): string => list.map(({ ticket_id }) => ticket_id).join("");
  assert.equal(ids(arrange(tickets, SORTING, now).open), "cba");
  assert.equal(ids(arrange(tickets, { ...SORTING, recalled_first: false }, now).open), "bac");
  assert.equal(ids(arrange(tickets, SORTING, now).later), "d");
  assert.equal(ids(arrange(tickets, SORTING, now).ready), "e");
  assert.equal(ids(arrange(tickets, SORTING, now + 3_600_000).open), "cbda");
});

test("a station sees only tickets with something of its own", () => {
  const tickets = new Map([["a", ticket({ ticket_id: "a" })], ["b", ticket({ ticket_id: "b", lines: [line({ category: "Kitchen" })] })]]);
  assert.equal(arrange(tickets, { ...SORTING, categories: ["Kitchen"] }, 0).open.length, 1);
});

test("a long ticket is cut into parts that lose no line", () => {
  const lines = Array.from({ length: 11 }, (_, i) => ({ line: line({ line_id: `lin_${i}` }), change: "none" as const }));
  const cut = parts(lines, 12);
  assert.ok(cut.length > 1);
  assert.deepEqual(cut.flat(), lines);
  assert.equal(parts(lines, Number.POSITIVE_INFINITY).length, 1);
  assert.deepEqual(parts([], 12), [[]]);
});

test("all-day counts what isn't made yet, by item and size", () => {
  const open = [
    ticket({ lines: [line({ qty: 2 }), line({ line_id: "lin_2", variant_name: "Large" })] }),
    ticket({ ticket_id: "tkt_2", state: "STARTED", lines: [line({ qty: 3 }), line({ line_id: "lin_3", made: true })] }),
  ];
  assert.deepEqual(allDay(open, false).map(({ name, size, left }) => [name, size, left]), [["Cappuccino", null, 5], ["Cappuccino", "Large", 1]]);
});

test("a line that is out is shown so at once, marks nothing as changed, and keeps a started ticket from being finished", () => {
  const short = { kind: "short", ticket_id: "tkt_1", order_id: "ord_1", line_id: "lin_1", sold_out: false, until: null } as const;
  const started = ticket({ state: "STARTED", lines: [line(), line({ line_id: "lin_2" })] });
  const shown = project(new Map([["tkt_1", started]]), [command(short)]).get("tkt_1");
  assert.deepEqual(shown?.lines.map((one) => one.short ?? false), [true, false]);
  assert.equal(shown && waits(shown), true);
  assert.equal(waits(ticket({ badges: ["WAITING_FOR_CUSTOMER"] })), false);
  const queue = withTicket(EMPTY, started);
  assert.equal(withTicket(queue, { ...started, version: 2, lines: [line({ short: true }), line({ line_id: "lin_2" })] }).marks.size, 0);
});
