// The frame of every dialog: a title, a way out, what is asked.

import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icons";
import { dialog } from "./state";
import { t } from "./words";

export function close(): void {
  dialog.value = null;
}

export function Modal({ title, children }: { title: string; children: ComponentChildren }): VNode {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog ref={element} class="modal" aria-labelledby="modal-title" onClose={close}>
      <header>
        <h2 id="modal-title">{title}</h2>
        <button type="button" class="icon-button" aria-label={t.close} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}
