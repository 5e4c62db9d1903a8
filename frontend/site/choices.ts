// The page of one thing and its choices: the total follows every choice, limits are kept, what is missing is shown.
import { announce, toast } from "./say";

function checked(group: HTMLElement): number {
  return group.querySelectorAll("input:checked").length;
}

function fill(template: string, values: Record<string, string | number>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

class Choices {
  private readonly amount: Intl.NumberFormat;
  private readonly digits: number;
  private readonly groups: HTMLFieldSetElement[];

  constructor(private readonly form: HTMLFormElement) {
    this.amount = new Intl.NumberFormat(document.documentElement.lang, {
      style: "currency",
      currency: form.dataset.currency ?? "EUR",
    });
    this.digits = this.amount.resolvedOptions().maximumFractionDigits ?? 2;
    this.groups = [...form.querySelectorAll<HTMLFieldSetElement>("fieldset[data-min]")];
    form.noValidate = true;
    form.addEventListener("change", (event) => this.changed(event.target as HTMLInputElement));
    form.addEventListener("input", () => this.total());
    // In the capture phase: this form's own check comes before the general one.
    form.addEventListener("submit", (event) => this.submitted(event), { capture: true });
    for (const button of form.querySelectorAll<HTMLButtonElement>("button[data-step]")) {
      button.addEventListener("click", () => this.step(Number(button.dataset.step)));
    }
    this.total();
  }

  private quantity(): HTMLInputElement | null {
    return this.form.querySelector<HTMLInputElement>("input[name=qty]");
  }

  private step(by: number): void {
    const input = this.quantity();
    if (!input) return;
    input.value = String(Math.min(99, Math.max(1, (Number(input.value) || 1) + by)));
    announce(input.value);
    this.total();
  }

  private total(): void {
    let one = Number(this.form.dataset.price ?? 0);
    for (const input of this.form.querySelectorAll<HTMLInputElement>("input:checked")) {
      if (input.dataset.price !== undefined) one = one - Number(this.form.dataset.price) + Number(input.dataset.price);
      one += Number(input.dataset.delta ?? 0);
    }
    const count = Math.max(1, Math.trunc(Number(this.quantity()?.value)) || 1);
    const place = this.form.querySelector<HTMLElement>("[data-total]");
    if (place) place.textContent = this.amount.format((one * count) / 10 ** this.digits);
  }

  private changed(input: HTMLInputElement): void {
    const group = input.closest<HTMLFieldSetElement>("fieldset[data-min]");
    if (!group) return;
    const max = Number(group.dataset.max);
    if (input.type === "checkbox" && checked(group) > max) {
      input.checked = false;
      toast(group.dataset.tooMany ?? "");
    }
    if (checked(group) >= Number(group.dataset.min)) this.mark(group, false);
    const left = group.querySelector<HTMLElement>("[data-left]");
    if (left?.dataset.left) left.textContent = fill(left.dataset.left, { count: max, left: max - checked(group) });
    this.total();
  }

  private mark(group: HTMLFieldSetElement, missing: boolean): void {
    group.classList.toggle("group-missing", missing);
  }

  private submitted(event: Event): void {
    const short = this.groups.filter((group) => checked(group) < Number(group.dataset.min));
    for (const group of this.groups) this.mark(group, short.includes(group));
    const first = short[0];
    if (!first) return;
    event.preventDefault();
    event.stopPropagation();
    first.scrollIntoView({ block: "center" });
    first.querySelector<HTMLInputElement>("input:not(:disabled)")?.focus({ preventScroll: true });
    announce(first.dataset.missing ?? "");
  }
}

export function watchChoices(): void {
  const form = document.querySelector<HTMLFormElement>("form[data-choices]");
  if (form) new Choices(form);
}
