// The bank's page. In the modal frame the answer is posted quietly and the shop's page is told; opened by itself
// (after a redirect) the form posts normally and the sandbox leads back to the shop.
'use strict';

const form = document.querySelector('form');
const parentOrigin = new URLSearchParams(location.search).get('parent');

function tell(outcome) {
  if (window.parent !== window && parentOrigin) {
    window.parent.postMessage({ bottega: 1, event: 'challenge', data: { outcome } }, parentOrigin);
  }
}

if (form && window.parent !== window && parentOrigin) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const outcome = event.submitter ? event.submitter.value : 'complete';
    const body = new URLSearchParams(new FormData(form));
    body.set('outcome', outcome);
    body.set('framed', 'true');
    for (const button of form.querySelectorAll('button')) button.disabled = true;
    try {
      const answer = await fetch(form.action, { method: 'POST', body });
      if (!answer.ok) throw new Error(String(answer.status));
      tell(outcome);
    } catch {
      for (const button of form.querySelectorAll('button')) button.disabled = false;
      document.getElementById('problem').textContent = 'The sandbox could not be reached. Try again.';
    }
  });
  document.querySelector('.primary')?.focus();
} else if (!form) {
  tell('gone');
}
