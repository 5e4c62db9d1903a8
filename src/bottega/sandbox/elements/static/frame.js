// Inside every frame of the sandbox: answers the calls of the shop's page and talks to the API from this origin.
// Only the page that embeds the frame is listened to, and only from the origin it named when it made the frame.
'use strict';

const parentOrigin = new URLSearchParams(location.search).get('parent') || '';
const verbs = {};

function tell(event, data) {
  if (parentOrigin) window.parent.postMessage({ bottega: 1, event, data }, parentOrigin);
}

function encode(fields, form = new URLSearchParams(), prefix = '') {
  for (const [name, value] of Object.entries(fields)) {
    const path = prefix ? `${prefix}[${name}]` : name;
    if (value === undefined || value === null) continue;
    if (typeof value === 'object') encode(value, form, path);
    else form.append(path, String(value));
  }
  return form;
}

async function api(method, path, fields, access) {
  const form = encode(fields);
  const headers = { Authorization: `Bearer ${access.key}` };
  if (access.account) headers['Stripe-Account'] = access.account;
  const address = method === 'GET' ? `/v1/${path}?${form}` : `/v1/${path}`;
  try {
    const answer = await fetch(address, { method, headers, body: method === 'GET' ? undefined : form });
    const document = await answer.json();
    return document.error ? { error: document.error } : { paymentIntent: document };
  } catch {
    return { error: { type: 'api_connection_error', message: 'The payment provider could not be reached. Try again.' } };
  }
}

const intentOf = (clientSecret) => String(clientSecret).split('_secret_')[0];

verbs.retrieve = ({ access, clientSecret }) =>
  api('GET', `payment_intents/${intentOf(clientSecret)}`, { client_secret: clientSecret }, access);

verbs.confirmWith = ({ access, clientSecret, paymentMethod, returnUrl }) =>
  api('POST', `payment_intents/${intentOf(clientSecret)}/confirm`, {
    client_secret: clientSecret, payment_method: paymentMethod, return_url: returnUrl, use_stripe_sdk: true,
  }, access);

addEventListener('message', async (event) => {
  const message = event.data;
  if (event.source !== window.parent || event.origin !== parentOrigin || !message || message.bottega !== 1) return;
  const verb = verbs[message.method];
  if (!verb) return;
  const value = await verb(message.args || {});
  window.parent.postMessage({ bottega: 1, id: message.id, value }, parentOrigin);
});

addEventListener('load', () => tell('ready', {}));
