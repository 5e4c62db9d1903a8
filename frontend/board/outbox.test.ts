// What happens to a command on its way: which may leave, what an answer means, how long it waits.

import assert from "node:assert/strict";
import test from "node:test";
import { actionFor, backoff } from "./answers";
import { bandOf, minutesSeconds, withSample } from "./clock";
import { commandId, requestOf } from "./commands";
import { parser, type StreamEvent } from "./event_stream";
import { due, nextLook } from "./lanes";
import { found, sellablesOf } from "./menu";
import { command } from "./samples";

const QUIET = { busy: new Set<string>(), rest: new Map<string, number>() };
const first = command({ kind: "bump", ticket_id: "a", from_state: "QUEUED" });
const second = command({ kind: "bump", ticket_id: "a", from_state: "STARTED" });
const other = command({ kind: "bump", ticket_id: "b", from_state: "QUEUED" });

const answer = (status: number, retry_after: number | null = null, code = ""): Parameters<typeof actionFor>[0] => ({
  status,
  retry_after,
  problem: status >= 400 ? { status, code, detail: "because" } : null,
});

test("one command a ticket leaves at a time, tickets side by side", () => {
  assert.deepEqual(due([first, second, other], QUIET, 0), [first, other]);
  assert.deepEqual(due([first, second, other], { ...QUIET, busy: new Set(["a"]) }, 0), [other]);
});

test("a lane that rests or a command that can still be taken back stays", () => {
  assert.deepEqual(due([first, other], { ...QUIET, rest: new Map([["a", 50]]) }, 10), [other]);
  const held = { ...other, hold_until: 100 };
  assert.deepEqual(due([held], QUIET, 99), []);
  assert.deepEqual(due([held], QUIET, 100), [held]);
  assert.equal(nextLook([held], QUIET, 60, 15_000), 45);
});

test("a refused command doesn't hold up what follows it", () => {
  assert.deepEqual(due([{ ...first, state: "attention" }, second], QUIET, 0), [second]);
});

test("each answer has its action", () => {
  assert.equal(actionFor(answer(200), 0, 0).do, "done");
  assert.equal(actionFor(answer(201), 0, 0).do, "done");
  assert.equal(actionFor(answer(0), 0, 0).do, "retry");
  assert.equal(actionFor(answer(401), 0, 0).do, "sign_in");
  assert.equal(actionFor(answer(403, null, "cross_site"), 0, 0).do, "new_token");
  assert.equal(actionFor(answer(403, null, "not_your_role"), 0, 0).do, "attention");
  assert.equal(actionFor(answer(409, null, "ticket_moved"), 0, 0).do, "moved");
  assert.deepEqual(actionFor(answer(409, 1), 0, 0), { do: "retry", after_ms: 1_000, offline: false });
  assert.deepEqual(actionFor(answer(422), 0, 0), { do: "attention", reason: "because" });
  assert.deepEqual(actionFor(answer(429, 7), 0, 0), { do: "retry", after_ms: 7_000, offline: false });
  assert.deepEqual(actionFor(answer(503, 2), 0, 0), { do: "retry", after_ms: 2_000, offline: false });
  assert.equal(actionFor(answer(500), 0, 0).do, "retry");
});

test("waits grow from one second to one minute, with jitter", () => {
  assert.equal(backoff(0, 0), 500);
  assert.equal(backoff(0, 1), 1_000);
  assert.equal(backoff(30, 1), 60_000);
  assert.ok(backoff(3, 0.2) < backoff(3, 0.9));
});

test("command ids are version 7 and ordered by time", () => {
  const random = new Uint8Array(16).fill(0xff);
  const id = commandId(1_777_888_999_000, random);
  assert.ok(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id));
  assert.ok(id < commandId(1_777_888_999_001, new Uint8Array(16)));
});

test("hand over sends payment only where it was taken at the store", () => {
  const online = requestOf("sto_1", { kind: "hand_over", ticket_id: "a", order_id: "ord_1" });
  assert.deepEqual(online.body, { to_status: "COMPLETED", expected_status: "READY" });
  const cash = requestOf("sto_1", { kind: "hand_over", ticket_id: "a", order_id: "ord_1", tender: "CASH", receipt_ref: "R-7" });
  assert.deepEqual(cash.body, { to_status: "COMPLETED", expected_status: "READY", tender: "CASH", receipt_ref: "R-7" });
});

test("server time keeps the truest sample and forgets after the clock was set", () => {
  assert.deepEqual(withSample([10, 20], 15), [10, 20, 15]);
  assert.deepEqual(withSample([10, 20], 60_000), [60_000]);
  assert.equal(bandOf(179, { warn_seconds: 180, late_seconds: 360 }), "fresh");
  assert.equal(bandOf(180, { warn_seconds: 180, late_seconds: 360 }), "warn");
  assert.equal(bandOf(360, { warn_seconds: 180, late_seconds: 360 }), "late");
  assert.deepEqual([minutesSeconds(83), minutesSeconds(3_705)], ["1:23", "1:01:45"]);
});

test("events are read whole however the network cuts them", () => {
  const text = ": beat\r\n\r\nevent: ticket\r\nid: 7\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\ndata: x\n\n";
  for (const size of [1, 2, 3, 7, text.length]) {
    const events: StreamEvent[] = [];
    let beats = 0;
    const feed = parser((event) => events.push(event), () => (beats += 1));
    for (let at = 0; at < text.length; at += size) feed(text.slice(at, at + size));
    assert.deepEqual(events, [{ event: "ticket", data: "{\"a\":\n1}" }, { event: "message", data: "x" }]);
    assert.equal(beats, 1);
  }
});

test("search ignores case and accents and looks into groups", () => {
  const menu = {
    categories: [{ category_id: "c", name: "Caffè" }],
    products: [{ product_id: "p", name: "Frappé", category_id: "c", available: true, unavailable_until: null }],
    modifier_groups: [{ name: "Milk", modifiers: [{ modifier_id: "m", name: "Oat", available: false }] }],
  };
  const things = sellablesOf(menu, [], "09:00");
  assert.deepEqual(found(things, "FRAPPE").map(({ id }) => id), ["p"]);
  assert.deepEqual(found(things, "caffe").map(({ id }) => id), ["p"]);
  assert.deepEqual(found(things, "oat milk").map(({ id }) => id), ["m"]);
});

test("a product outside its daypart is not taken for sold out", () => {
  const daypart = { from: "11:30", to: "15:00" };
  const soup = { product_id: "p", name: "Minestrone", category_id: "c", available: false, unavailable_until: null, daypart };
  const menu = { categories: [], products: [soup], modifier_groups: [] };
  const available = (time: string): boolean | undefined => sellablesOf(menu, [], time)[0]?.available;
  assert.deepEqual(["11:29", "11:30", "14:59", "15:00"].map(available), [true, false, false, true]);
});
