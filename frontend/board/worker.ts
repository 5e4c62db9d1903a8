// The board's service worker: lets the board open without a network. Keeps the shell page (network first, two seconds,
// then the kept one) and the hashed files (kept for good under their names). Nothing else passes through it: no POST, no
// API answer, no stream. Sending what waits is the page's work, not this one's.

/// <reference lib="webworker" />

const worker = self as unknown as ServiceWorkerGlobalScope;

const CACHE = "bottega-kitchen-1";
const PAGE_WITHIN_MS = 2_000;
/** Hashed files of releases past, beyond which the oldest go. */
const KEPT_ASSETS = 40;

interface Keep {
  kind: "keep";
  page: string;
  assets: string[];
}

function isHashed(url: URL): boolean {
  return url.origin === worker.location.origin && /\/static\/.*-[A-Z0-9]{8}\.\w+$/i.test(url.pathname);
}

function isPage(request: Request): boolean {
  return request.mode === "navigate" && request.url.startsWith(worker.registration.scope);
}

async function keepPage(request: Request | string, response: Response): Promise<void> {
  // A redirect leads to the sign-in page, which must not be kept in the board's place.
  if (!response.ok || response.redirected || response.type !== "basic") return;
  const cache = await caches.open(CACHE);
  await cache.put(request, response);
}

async function page(request: Request): Promise<Response> {
  const key = new URL(request.url).pathname;
  const cached = await (await caches.open(CACHE)).match(key);
  const fetched = fetch(request).then((response) => {
    void keepPage(key, response.clone());
    return response;
  });
  if (!cached) return fetched;
  const late = new Promise<Response>((resolve) => {
    setTimeout(() => resolve(cached), PAGE_WITHIN_MS);
  });
  // A server that is down says so with 502 to 504 through its proxy: the kept page is better.
  const usable = fetched.then((response) => (response.status >= 500 ? cached : response));
  return Promise.race([usable.catch(() => cached), late]);
}

async function asset(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}

async function keep(message: Keep): Promise<void> {
  const cache = await caches.open(CACHE);
  const missing: string[] = [];
  for (const path of message.assets) {
    if (isHashed(new URL(path, worker.location.origin)) && !(await cache.match(path))) missing.push(path);
  }
  await Promise.allSettled(missing.map((path) => cache.add(path)));
  if (!(await cache.match(message.page))) {
    await keepPage(message.page, await fetch(message.page, { credentials: "same-origin", redirect: "manual" }));
  }
  const assets = (await cache.keys()).filter((request) => isHashed(new URL(request.url)));
  const surplus = assets.slice(0, Math.max(0, assets.length - KEPT_ASSETS));
  await Promise.all(surplus.map((request) => cache.delete(request)));
}

worker.addEventListener("install", () => void worker.skipWaiting());

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith("bottega-kitchen-") && name !== CACHE).map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  );
});

worker.addEventListener("message", (event) => {
  const message = event.data as Keep;
  if (message.kind === "keep") event.waitUntil(keep(message));
});

worker.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET") return;
  if (isPage(event.request)) event.respondWith(page(event.request));
  else if (isHashed(new URL(event.request.url))) event.respondWith(asset(event.request));
});
