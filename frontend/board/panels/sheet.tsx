// The side sheet that every panel stands in. It doesn't block the board: tickets stay in reach beside it.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { highlight, panel } from "../state";
import { t } from "../words";

export function closePanel(): void {
  panel.value = null;
  highlight.value = null;
}

export function Sheet({ title, children }: { title: string; children: ComponentChildren }): VNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    heading.current?.focus();
    return () => {
      if (document.activeElement === document.body) before?.focus({ preventScroll: true });
    };
  }, [title]);
  return (
    <aside class="sheet" role="dialog" aria-labelledby="sheet-title">
      <header>
        <h2 id="sheet-title" tabIndex={-1} ref={heading}>
          {title}
        </h2>
        <button type="button" class="icon-button" aria-label={t.close} onClick={closePanel}>
          <Icon name="close" />
        </button>
      </header>
      <div class="sheet-body">{children}</div>
    </aside>
  );
}

/** One choice out of a few, side by side. */
export function Choice<Value extends string | number | boolean>(props: {
  label: string;
  value: Value;
  options: readonly (readonly [Value, string])[];
  choose: (value: Value) => void;
}): VNode {
  return (
    <fieldset class="choice">
      <legend>{props.label}</legend>
      <div class="choice-row">
        {props.options.map(([value, word]) => (
          <button key={String(value)} type="button" aria-pressed={value === props.value} onClick={() => props.choose(value)}>
            {word}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
