// Three small panels: tickets ordered for later, all that is ready, and commands that the server refused.

import type { VNode } from "preact";
import { ReadyColumn } from "../ready_column";
import { attention, dialog, shown } from "../state";
import { releaseOf } from "../tickets";
import { settleAttention } from "../verbs";
import { clockTime, t } from "../words";
import { Sheet } from "./sheet";

export function LaterPanel(): VNode {
  return (
    <Sheet title={t.later_title}>
      <ul class="rows">
        {shown.value.later.map((ticket) => (
          <li key={ticket.ticket_id}>
            <button type="button" class="row" onClick={() => (dialog.value = { kind: "details", ticket_id: ticket.ticket_id })}>
              <span class="row-text">
                <span class="num">{ticket.number}</span>
                <span>
                  {ticket.name} · {t.due_at(clockTime(ticket.promised_at))} · {t.later_from(clockTime(releaseOf(ticket)))}
                </span>
                <span class="quiet">{ticket.lines.map((line) => `${line.qty}× ${line.name}`).join(", ")}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}

export function ReadyPanel(): VNode {
  return (
    <Sheet title={t.lane_ready}>
      <ReadyColumn all />
    </Sheet>
  );
}

export function AttentionPanel(): VNode {
  return (
    <Sheet title={t.attention_title}>
      <p class="quiet">{t.attention_text}</p>
      <ul class="rows">
        {attention.value.map((command) => (
          <li key={command.id} class="thing">
            <p class="row-text">
              <span class="thing-name">
                {command.label} · {t.kinds[command.intent.kind]} · {clockTime(command.at)}
              </span>
              <span class="quiet">{command.last_error}</span>
            </p>
            <div class="choice-row">
              <button type="button" class="outline" onClick={() => void settleAttention(command, true)}>
                {t.try_again}
              </button>
              <button type="button" class="outline" onClick={() => void settleAttention(command, false)}>
                {t.discard}
              </button>
            </div>
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
