// A component that draws again only when one of its props is another value: sixty tickets, one of them changed.

import { Component, createElement, type ComponentChild, type ComponentType } from "preact";

function differs(a: object, b: object): boolean {
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  for (const key of keys) if (left[key] !== right[key]) return true;
  return false;
}

export function memo<Props extends object>(Inner: ComponentType<Props>): ComponentType<Props> {
  return class Memo extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      return differs(this.props, next);
    }
    override render(): ComponentChild {
      return createElement(Inner, this.props as Props);
    }
  };
}
