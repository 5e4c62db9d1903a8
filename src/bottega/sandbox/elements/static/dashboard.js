// Keeps the page current and posts the buttons without leaving it. Every page works without this, only stiller.
'use strict';

const main = document.getElementById('main');
const EVERY_MS = 2000;
let busy = false;
let pressed = false;
let last = main.innerHTML;

const editing = () => document.activeElement && main.contains(document.activeElement)
  && document.activeElement.matches('input, select, textarea');

async function refresh(force) {
  if (busy || document.hidden || (!force && editing())) return;
  busy = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('main');
    // A button that is replaced between press and release is never clicked.
    if (!fresh || pressed || fresh.innerHTML === last) return;
    last = fresh.innerHTML;
    const place = [...main.querySelectorAll('button, a')].indexOf(document.activeElement);
    main.replaceChildren(...fresh.childNodes);
    // Whoever works by keyboard keeps their place.
    if (place >= 0) main.querySelectorAll('button, a')[place]?.focus();
  } catch {
    // The sandbox is restarting; the next round will tell.
  } finally {
    busy = false;
  }
}

main.addEventListener('pointerdown', () => { pressed = true; });
addEventListener('pointerup', () => setTimeout(() => { pressed = false; }));
addEventListener('pointercancel', () => { pressed = false; });
main.addEventListener('submit', async (event) => {
  const form = event.target;
  if (form.method !== 'post') return;
  event.preventDefault();
  const button = event.submitter;
  const body = new URLSearchParams(new FormData(form, button));
  body.delete('back');
  if (button) button.disabled = true;
  try {
    const answer = await fetch(button?.getAttribute('formaction') || form.action, { method: 'POST', body });
    if (!answer.ok) {
      const { error } = await answer.json();
      throw new Error(error.message || error);
    }
  } catch (problem) {
    let note = document.getElementById('note');
    if (!note) {
      note = document.createElement('p');
      note.id = 'note';
      note.setAttribute('role', 'alert');
      document.body.append(note);
    }
    note.textContent = problem.message;
    setTimeout(() => note.remove(), 6000);
  }
  if (button) button.disabled = false;
  document.activeElement?.blur?.();
  await refresh(true);
  setTimeout(() => refresh(true), 350);
});

setInterval(refresh, EVERY_MS);
