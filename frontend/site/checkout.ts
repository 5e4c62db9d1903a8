// Paying: loads the provider's script, shows its card form, confirms once. Card data never touches this page: the form
// is the provider's frame. Whether the order is paid is not decided here but by the provider's word to the server.
import { watchPage } from "./page";
import { announce } from "./say";

interface PaymentError {
  type: string;
  code?: string;
  message?: string;
  decline_code?: string;
}
/** The provider's codes for what the customer can do something about, and the words of the page for each. */
type Words = Record<string, string>;
interface PaymentAnswer {
  paymentIntent?: { status: string };
  error?: PaymentError;
}
interface Element_ {
  mount(place: HTMLElement): void;
  on?(event: string, listener: (event: { error?: PaymentError }) => void): void;
}
interface Elements {
  create(kind: "payment"): Element_;
}
interface Provider {
  elements(options: { clientSecret: string; appearance?: object }): Elements;
  confirmPayment(options: {
    elements: Elements;
    clientSecret: string;
    confirmParams: { return_url: string };
    redirect: "if_required";
  }): Promise<PaymentAnswer>;
}
declare global {
  interface Window {
    Stripe?: (key: string, options?: { locale?: string }) => Provider;
  }
}

const LOAD_LIMIT = 15_000;

function loadScript(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (window.Stripe) return resolve();
    const script = document.createElement("script");
    const limit = setTimeout(() => reject(new Error("timeout")), LOAD_LIMIT);
    script.src = address;
    script.onload = () => {
      clearTimeout(limit);
      resolve();
    };
    script.onerror = () => {
      clearTimeout(limit);
      script.remove();
      reject(new Error("unreachable"));
    };
    document.head.append(script);
  });
}

/** Our tokens in the words of the provider's form, so that the frame looks like the page around it. */
function appearance(): object {
  const style = getComputedStyle(document.documentElement);
  // A fresh element each time: a colour that changes is shown by way of the old one wherever transitions are set.
  const colour = (name: string): string => {
    const probe = document.createElement("i");
    probe.style.color = style.getPropertyValue(name);
    document.body.append(probe);
    const shown = getComputedStyle(probe).color;
    probe.remove();
    return shown;
  };
  return {
    theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe",
    variables: {
      colorPrimary: colour("--accent"),
      colorBackground: colour("--card"),
      colorText: colour("--ink"),
      colorTextSecondary: colour("--muted"),
      colorDanger: colour("--late"),
      fontFamily: "Inter, system-ui, sans-serif",
      fontSizeBase: "16px",
      borderRadius: "6px",
      spacingUnit: "4px",
    },
  };
}

class Checkout {
  private provider: Provider | null = null;
  private elements: Elements | null = null;
  private paying = false;
  private readonly button: HTMLButtonElement;
  private readonly label: string;

  constructor(private readonly form: HTMLFormElement) {
    this.button = form.querySelector<HTMLButtonElement>(".bar button")!;
    this.label = this.button.innerHTML;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.pay();
    });
    document.querySelector("[data-retry]")?.addEventListener("click", () => void this.open());
  }

  private part(name: string): HTMLElement {
    return document.querySelector<HTMLElement>(`[data-pay="${name}"]`)!;
  }

  private show(name: "loading" | "form" | "unreachable"): void {
    for (const part of ["loading", "form", "unreachable"]) this.part(part).hidden = part !== name;
    this.button.hidden = name === "unreachable";
  }

  async open(): Promise<void> {
    this.show("loading");
    const { script = "", key = "", secret = "" } = this.form.dataset;
    try {
      await loadScript(script);
      if (!window.Stripe) throw new Error("unreachable");
      this.provider = window.Stripe(key, { locale: document.documentElement.lang.slice(0, 2) });
      this.elements = this.provider.elements({ clientSecret: secret, appearance: appearance() });
      const element = this.elements.create("payment");
      this.show("form");
      element.on?.("loaderror", () => this.fail());
      element.mount(this.part("slot"));
    } catch {
      this.fail();
    }
  }

  private fail(): void {
    this.show("unreachable");
    announce(this.part("unreachable").querySelector<HTMLElement>(".banner")?.innerText ?? "");
  }

  private busy(on: boolean): void {
    this.paying = on;
    if (on) {
      this.button.setAttribute("aria-busy", "true");
      this.button.textContent = this.form.dataset.confirming ?? "";
    } else {
      this.button.removeAttribute("aria-busy");
      this.button.innerHTML = this.label;
    }
  }

  private refuse(error: PaymentError): void {
    // Our words say what to do, in the page's language; of a card for which we have none, the provider's are for the customer.
    const words = JSON.parse(this.form.dataset.words ?? "{}") as Words;
    const ours = words[error.decline_code ?? ""] ?? words[error.code ?? ""] ?? words[error.type];
    const text = ours ?? (error.type === "card_error" ? error.message : undefined) ?? words.failed ?? "";
    const place = this.part("error");
    place.querySelector("span")!.textContent = text;
    place.hidden = false;
    place.scrollIntoView({ block: "center" });
  }

  private async pay(): Promise<void> {
    if (this.paying || !this.provider || !this.elements) return;
    this.busy(true);
    this.part("error").hidden = true;
    const done = new URL(this.form.dataset.done ?? "", location.href).href;
    try {
      const answer = await this.provider.confirmPayment({
        elements: this.elements,
        clientSecret: this.form.dataset.secret ?? "",
        confirmParams: { return_url: done },
        redirect: "if_required",
      });
      if (answer.error) {
        this.refuse(answer.error);
        this.busy(false);
        return;
      }
      announce(this.form.dataset.confirming ?? "");
      const yes = ["succeeded", "requires_capture"].includes(answer.paymentIntent?.status ?? "");
      location.assign(yes ? done.replace("paying=1", "paying=ok") : done);
    } catch {
      this.refuse({ type: "api_connection_error" });
      this.busy(false);
    }
  }
}

watchPage();
const form = document.querySelector<HTMLFormElement>("form[data-checkout]");
if (form) void new Checkout(form).open();
