// The commands that haven't been answered yet, kept on the device until they are: IndexedDB with strict durability, so
// that a reload, a crash or an empty battery loses none. Order is the outbox's own count. Sending lives in sender.ts.
// Also keeps what the board needs to open without a network: the last queue and menu (`recall`/`remember`).

import { openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Command } from "./commands";

interface Schema extends DBSchema {
  outbox: { key: number; value: Command };
  meta: { key: string; value: unknown };
}

const STRICT = { durability: "strict" } as const;

export interface Outbox {
  /** Keep a command; gives its place in the order. Resolves when it is on the disk. */
  add(command: Omit<Command, "seq">): Promise<Command>;
  /** Everything kept, in the order asked. */
  all(): Promise<Command[]>;
  /** Say that a command leaves now, counting the attempt first; null when it was taken back meanwhile. */
  claim(seq: number): Promise<Command | null>;
  /** Take a command back if it never left; false when it may already have reached the server. */
  withdraw(seq: number): Promise<boolean>;
  /** Change a command that is still kept; one that was taken back stays away. */
  put(command: Command): Promise<void>;
  remove(seq: number): Promise<void>;
  remember(key: string, value: unknown): Promise<void>;
  recall<Value>(key: string): Promise<Value | undefined>;
}

function opened(store_id: string): Promise<IDBPDatabase<Schema>> {
  return openDB<Schema>(`bottega-board-${store_id}`, 1, {
    upgrade(db) {
      db.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
      db.createObjectStore("meta");
    },
  });
}

/** The same without a disk: where the browser refuses storage, the board still works, and forgets at a reload. */
function inMemory(): Outbox {
  const kept = new Map<number, Command>();
  const meta = new Map<string, unknown>();
  let last = 0;
  return {
    async add(command) {
      last += 1;
      kept.set(last, { ...command, seq: last });
      return { ...command, seq: last };
    },
    all: async () => [...kept.values()],
    async claim(seq) {
      const command = kept.get(seq);
      if (command) kept.set(seq, { ...command, attempts: command.attempts + 1 });
      return kept.get(seq) ?? null;
    },
    withdraw: async (seq) => kept.get(seq)?.attempts === 0 && kept.delete(seq),
    async put(command) {
      if (kept.has(command.seq)) kept.set(command.seq, command);
    },
    async remove(seq) {
      kept.delete(seq);
    },
    async remember(key, value) {
      meta.set(key, value);
    },
    async recall<Value>(key: string) {
      return meta.get(key) as Value | undefined;
    },
  };
}

export async function openOutbox(store_id: string): Promise<Outbox> {
  const db = await opened(store_id).catch(() => null);
  if (!db) return inMemory();
  // Ask the browser not to evict us; it may say no, and the outbox still works.
  void navigator.storage?.persist?.().catch(() => false);
  return {
    async add(command) {
      const tx = db.transaction("outbox", "readwrite", STRICT);
      const seq = await tx.store.add(command as Command);
      await tx.done;
      return { ...command, seq };
    },
    all: () => db.getAll("outbox"),
    async claim(seq) {
      const tx = db.transaction("outbox", "readwrite", STRICT);
      const kept = await tx.store.get(seq);
      const claimed = kept ? { ...kept, attempts: kept.attempts + 1 } : null;
      if (claimed) await tx.store.put(claimed);
      await tx.done;
      return claimed;
    },
    async withdraw(seq) {
      const tx = db.transaction("outbox", "readwrite", STRICT);
      const kept = await tx.store.get(seq);
      const unsent = kept?.attempts === 0;
      if (unsent) await tx.store.delete(seq);
      await tx.done;
      return unsent;
    },
    async put(command) {
      const tx = db.transaction("outbox", "readwrite", STRICT);
      if (await tx.store.getKey(command.seq)) await tx.store.put(command);
      await tx.done;
    },
    async remove(seq) {
      const tx = db.transaction("outbox", "readwrite", STRICT);
      await tx.store.delete(seq);
      await tx.done;
    },
    async remember(key, value) {
      await db.put("meta", value, key);
    },
    async recall<Value>(key: string) {
      return (await db.get("meta", key)) as Value | undefined;
    },
  };
}
