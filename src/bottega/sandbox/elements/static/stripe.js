// The script a shop's page loads: the part of Stripe.js that a checkout needs, behind the same names.
// It draws frames of the sandbox and passes messages; card data never reaches the page. Needs no inline style or script.
(() => {
  'use strict';

  const ORIGIN = new URL(document.currentScript.src).origin;
  const TITLES = {
    de: { 'Secure card form': 'Sicheres Kartenformular', 'Confirm with your bank': 'Bei deiner Bank bestätigen' },
    it: { 'Secure card form': 'Modulo sicuro della carta', 'Confirm with your bank': 'Conferma con la tua banca' },
  };
  let locale = 'en';
  const titled = (text) => TITLES[locale]?.[text] || text;

  function styled(node, rules) {
    for (const [name, value] of Object.entries(rules)) node.style.setProperty(name, value);
    return node;
  }

  // A frame of the sandbox and the promises of the calls made to it.
  class Frame {
    constructor(path, title) {
      this.waiting = new Map();
      this.listeners = new Map();
      this.next = 1;
      this.node = document.createElement('iframe');
      this.node.title = titled(title);
      this.node.src = `${ORIGIN}${path}${path.includes('?') ? '&' : '?'}parent=${encodeURIComponent(location.origin)}&locale=${locale}`;
      this.ready = new Promise((resolve) => { this.on('ready', resolve); });
      this.hear = (event) => {
        const message = event.data;
        if (event.source !== this.node.contentWindow || event.origin !== ORIGIN || !message || message.bottega !== 1) return;
        if (message.event) for (const listener of this.listeners.get(message.event) || []) listener(message.data);
        else if (this.waiting.has(message.id)) {
          this.waiting.get(message.id)(message.value);
          this.waiting.delete(message.id);
        }
      };
      addEventListener('message', this.hear);
    }

    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) || []), listener]);
    }

    async call(method, args) {
      await this.ready;
      return new Promise((resolve) => {
        const id = this.next++;
        this.waiting.set(id, resolve);
        this.node.contentWindow.postMessage({ bottega: 1, id, method, args }, ORIGIN);
      });
    }

    destroy() {
      removeEventListener('message', this.hear);
      this.node.remove();
    }
  }

  class PaymentElement {
    constructor(elements) {
      this.elements = elements;
      this.frame = null;
      this.listeners = new Map();
    }

    mount(target) {
      const place = typeof target === 'string' ? document.querySelector(target) : target;
      if (!place) throw new Error(`No element matches ${target}.`);
      this.unmount();
      this.frame = new Frame('/elements/card', 'Secure card form');
      styled(this.frame.node, {
        border: '0', display: 'block', width: 'calc(100% + 6px)', margin: '-3px', height: '270px', 'color-scheme': 'light dark',
      });
      this.frame.on('resize', ({ height }) => styled(this.frame.node, { height: `${Math.min(Number(height) || 0, 900)}px` }));
      for (const event of ['ready', 'change', 'focus', 'blur', 'submit']) {
        this.frame.on(event, (data) => this.emit(event, { elementType: 'payment', ...data }));
      }
      place.replaceChildren(this.frame.node);
      this.frame.call('paint', this.elements.appearance || {});
    }

    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) || []), listener]);
      return this;
    }

    emit(event, data) {
      for (const listener of this.listeners.get(event) || []) listener(data);
    }

    focus() { this.frame?.call('focus', {}); }

    clear() { this.frame?.call('clear', {}); }

    unmount() {
      this.frame?.destroy();
      this.frame = null;
    }

    destroy() {
      this.unmount();
      this.elements.payment = null;
    }
  }

  class Elements {
    constructor(options) {
      this.clientSecret = options.clientSecret;
      this.appearance = options.appearance;
      this.payment = null;
    }

    create(kind) {
      if (kind !== 'payment' && kind !== 'card') throw new Error(`The sandbox draws no "${kind}" element.`);
      this.payment = new PaymentElement(this);
      return this.payment;
    }

    getElement() { return this.payment; }

    update(options) {
      if (options.appearance) this.appearance = options.appearance;
      this.payment?.frame?.call('paint', this.appearance || {});
    }

    async submit() {
      if (!this.payment?.frame) throw new Error('Mount the payment element first.');
      return this.payment.frame.call('validate', {});
    }

    async fetchUpdates() { return {}; }
  }

  // The 3-D Secure challenge in a modal frame. Resolves when the bank has its answer.
  function challenge(address) {
    if (new URL(address).origin !== ORIGIN) return Promise.resolve();
    const before = document.activeElement;
    const dialog = styled(document.createElement('dialog'), {
      border: '0', padding: '0', margin: '0', position: 'fixed', inset: '0', width: '100vw', height: '100dvh',
      'max-width': 'none', 'max-height': 'none', background: 'rgb(20 14 10 / 60%)', display: 'grid', 'place-items': 'center',
    });
    dialog.setAttribute('aria-label', titled('Confirm with your bank'));
    const url = new URL(address);
    const frame = new Frame(url.pathname + url.search, 'Confirm with your bank');
    styled(frame.node, {
      border: '0', width: 'min(440px, 100vw)', height: 'min(560px, 100dvh)', 'border-radius': '12px', 'color-scheme': 'light dark',
      'box-shadow': '0 8px 28px rgb(0 0 0 / 35%)', background: 'Canvas',
    });
    dialog.append(frame.node);
    // The bank's question has to be answered with its own buttons.
    dialog.addEventListener('cancel', (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      frame.on('challenge', () => {
        frame.destroy();
        dialog.close();
        dialog.remove();
        before?.focus?.();
        resolve();
      });
    });
  }

  function failure(intent) {
    return { error: { ...intent.last_payment_error, payment_intent: intent } };
  }

  class StripeStandIn {
    constructor(key, options) {
      this.access = { key, account: options?.stripeAccount };
      const wanted = options?.locale && options.locale !== 'auto' ? options.locale : navigator.language;
      locale = /^[a-z]{2}/.exec(String(wanted).toLowerCase())?.[0] ?? 'en';
      this.controller = null;
    }

    elements(options) { return new Elements(options || {}); }

    // Calls without a form go through an unseen frame, so that they need no connect-src on the shop's page either.
    quiet() {
      if (!this.controller) {
        this.controller = new Frame('/elements/controller', 'Payment provider');
        styled(this.controller.node, { display: 'none' });
        this.controller.node.setAttribute('aria-hidden', 'true');
        document.body.append(this.controller.node);
      }
      return this.controller;
    }

    retrievePaymentIntent(clientSecret) {
      return this.quiet().call('retrieve', { access: this.access, clientSecret });
    }

    async handleNextAction({ clientSecret }) {
      return this.finish(await this.retrievePaymentIntent(clientSecret), clientSecret);
    }

    async finish(answer, clientSecret) {
      if (answer.error || answer.paymentIntent.status !== 'requires_action') return answer;
      const action = answer.paymentIntent.next_action;
      await challenge(action.use_stripe_sdk ? action.use_stripe_sdk.stripe_js : action.redirect_to_url.url);
      const after = await this.retrievePaymentIntent(clientSecret);
      const intent = after.paymentIntent;
      return intent && intent.status === 'requires_payment_method' && intent.last_payment_error ? failure(intent) : after;
    }

    async confirmPayment({ elements, clientSecret, confirmParams, redirect }) {
      const secret = clientSecret || elements?.clientSecret;
      const method = confirmParams?.payment_method;
      const returnUrl = confirmParams?.return_url;
      let answer;
      if (typeof method === 'string') {
        answer = await this.quiet().call('confirmWith', { access: this.access, clientSecret: secret, paymentMethod: method, returnUrl });
      } else {
        const frame = elements?.payment?.frame;
        if (!frame) throw new Error('Mount the payment element before confirming.');
        const billing = confirmParams?.payment_method_data?.billing_details;
        answer = await frame.call('confirm', { access: this.access, clientSecret: secret, returnUrl, billing });
      }
      const result = await this.finish(answer, secret);
      if (result.error || redirect === 'if_required' || !returnUrl) return result;
      const target = new URL(returnUrl, location.href);
      target.searchParams.set('payment_intent', result.paymentIntent.id);
      target.searchParams.set('payment_intent_client_secret', secret);
      target.searchParams.set('redirect_status', 'succeeded');
      location.assign(target);
      return new Promise(() => {});
    }
  }

  window.Stripe = (key, options) => new StripeStandIn(key, options);
  window.Stripe.version = 'sandbox';
})();
