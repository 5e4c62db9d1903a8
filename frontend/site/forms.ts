// What every form gets: one submit at a time, and a field that says what is missing when you leave it.
import { announce } from "./say";

function showError(input: HTMLInputElement, message: string): void {
  const place = document.getElementById(`e-${input.name}`);
  const text = place?.querySelector("span");
  if (!place || !text) return;
  text.textContent = message;
  place.hidden = !message;
  if (message) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

/** The complaint about a field, in the words the page carries; empty when it is fine. */
function complaint(input: HTMLInputElement): string {
  const value = input.value.trim();
  if (!value) return input.required ? (input.dataset.missing ?? "") : "";
  if (input.dataset.check !== "contact") return "";
  const phone = /^\+?[\d\s().\-/]{6,24}$/.test(value) && value.replace(/\D/g, "").length >= 6;
  const mail = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(value);
  return phone || mail ? "" : (input.dataset.wrong ?? "");
}

function checkAll(form: HTMLFormElement): boolean {
  const inputs = [...form.querySelectorAll<HTMLInputElement>("input[data-missing]")];
  const wrong = inputs.filter((input) => {
    const message = complaint(input);
    showError(input, message);
    return message !== "";
  });
  const first = wrong[0];
  if (!first) return true;
  first.focus();
  announce(complaint(first));
  return false;
}

function busy(form: HTMLFormElement, on: boolean): void {
  for (const button of form.querySelectorAll("button")) {
    if (on && button.type === "submit") button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
  }
}

export function watchForms(): void {
  const inputs = document.querySelectorAll<HTMLInputElement>("input[data-missing]");
  for (const input of inputs) {
    if (input.form) input.form.noValidate = true;
    input.addEventListener("blur", () => input.value && showError(input, complaint(input)));
    input.addEventListener("input", () => {
      if (input.hasAttribute("aria-invalid")) showError(input, complaint(input));
    });
  }
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent || !checkAll(form)) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    busy(form, true);
  });
  // Coming back with the browser's own button must find forms that work.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form")) {
      delete form.dataset.sent;
      busy(form, false);
    }
  });
}
