// What the shell page says about itself: store, language, thresholds, the token for POSTs. The token may be renewed,
// because a page from the service worker's cache can be older than the sign-in.

import type { Boot } from "./contract";

function parse(page: Document): Boot | null {
  const text = page.getElementById("boot")?.textContent;
  return text ? (JSON.parse(text) as Boot) : null;
}

const found = parse(document);
if (!found) throw new Error("the page has no boot data");

export const boot: Boot = found;

let token = boot.csrf_token;
const script = scriptOf(document);

function scriptOf(page: Document): string {
  const sources = Array.from(page.querySelectorAll("script[src]"), (element) => element.getAttribute("src") ?? "");
  return sources.sort().join(" ");
}

export function csrfToken(): string {
  return token;
}

async function shell(): Promise<Document | null> {
  try {
    const response = await fetch(location.pathname, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
    return response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  } catch {
    return null;
  }
}

/** Fetch the shell again for its token; false when it isn't given without a sign-in. */
export async function renewToken(): Promise<boolean> {
  const page = await shell();
  const fresh = page ? parse(page) : null;
  if (!fresh) return false;
  const changed = fresh.csrf_token !== token;
  token = fresh.csrf_token;
  return changed;
}

/** Whether the server now serves other scripts than the ones running here. */
export async function newerVersion(): Promise<boolean> {
  const page = await shell();
  if (!page) return false;
  const served = scriptOf(page);
  return served !== "" && served !== script;
}
