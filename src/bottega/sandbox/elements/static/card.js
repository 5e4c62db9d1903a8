// The card form: formats what is typed, says what is wrong beside the field, and confirms straight with the API.
// What is typed leaves this frame only towards the sandbox.
'use strict';

const BRANDS = [
  ['amex', /^3[47]/, [15], 4, 'American Express'],
  ['mastercard', /^(5[1-5]|2[2-7])/, [16], 3, 'Mastercard'],
  ['discover', /^(6011|64|65)/, [16], 3, 'Discover'],
  ['diners', /^(30|36|38)/, [14, 16], 3, 'Diners Club'],
  ['jcb', /^35/, [16], 3, 'JCB'],
  ['unionpay', /^62/, [16, 17, 18, 19], 3, 'UnionPay'],
  ['visa', /^4/, [16], 3, 'Visa'],
];
const UNKNOWN = ['unknown', /^/, [16], 3, ''];
const field = (name) => document.getElementById(name);
const digits = (text) => text.replace(/\D/g, '');
const brandOf = (number) => BRANDS.find(([, pattern]) => pattern.test(number)) || UNKNOWN;
const SHAPE = {
  number: (text) => (brandOf(text)[0] === 'amex'
    ? text.slice(0, 15).replace(/^(\d{4})(\d{0,6})(\d{0,5}).*$/, (_, a, b, c) => [a, b, c].filter(Boolean).join(' '))
    : text.slice(0, 19).replace(/(\d{4})(?=\d)/g, '$1 ')),
  expiry: (text) => {
    const padded = /^[2-9]/.test(text) ? `0${text}` : text;
    return padded.length > 2 ? `${padded.slice(0, 2)} / ${padded.slice(2, 4)}` : padded;
  },
  cvc: (text) => text.slice(0, 4),
};

function luhn(number) {
  let total = 0;
  [...number].reverse().forEach((digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    total += value > 9 ? value - 9 : value;
  });
  return total % 10 === 0;
}

const CHECKS = {
  number() {
    const number = digits(field('number').value);
    if (!number) return ['incomplete_number', 'Type your card number.'];
    if (!brandOf(number)[2].includes(number.length)) return ['incomplete_number', 'The card number is incomplete.'];
    return luhn(number) ? null : ['invalid_number', 'The card number isn’t valid. Check the digits.'];
  },
  expiry() {
    const [month, year] = [Number(digits(field('expiry').value).slice(0, 2)), digits(field('expiry').value).slice(2)];
    if (!month || year.length < 2) return ['incomplete_expiry', 'Type the month and year on the card.'];
    if (month > 12) return ['invalid_expiry_month', 'The month goes from 01 to 12.'];
    const now = new Date();
    const ends = (2000 + Number(year)) * 12 + month;
    if (ends < now.getFullYear() * 12 + now.getMonth() + 1) return ['invalid_expiry_year_past', 'This card has expired.'];
    return null;
  },
  cvc() {
    const length = brandOf(digits(field('number').value))[3];
    const place = length === 4 ? 'the 4 digits on the front' : 'the 3 digits on the back';
    return digits(field('cvc').value).length === length ? null : ['incomplete_cvc', `Type ${place} of the card.`];
  },
};
const left = new Set();

function show(name, problem) {
  const text = problem ? inWords(problem[1]) : '';
  if (field(`${name}-problem`).textContent !== text) field(`${name}-problem`).textContent = text;
  field(name).setAttribute('aria-invalid', String(Boolean(problem)));
}

function paintBrand() {
  const [brand, , , , title] = brandOf(digits(field('number').value));
  for (const group of document.querySelectorAll('[data-brand]')) group.classList.toggle('on', group.dataset.brand === brand);
  if (field('brand-name').textContent !== title) field('brand-name').textContent = title;
}

function shape(name) {
  const input = field(name);
  const before = digits(input.value.slice(0, input.selectionStart ?? input.value.length)).length;
  const atEnd = input.selectionStart === input.value.length;
  input.value = SHAPE[name](digits(input.value));
  if (atEnd) return;
  let place = 0;
  for (let seen = 0; seen < before && place < input.value.length; place += 1) if (/\d/.test(input.value[place])) seen += 1;
  input.setSelectionRange(place, place);
}

function report() {
  const complete = Object.values(CHECKS).every((check) => !check());
  const empty = !field('number').value && !field('expiry').value && !field('cvc').value;
  tell('change', { complete, empty, value: { type: 'card' } });
}

function fit() {
  tell('resize', { height: Math.ceil(document.documentElement.getBoundingClientRect().height) });
}

function onInput(name) {
  shape(name);
  if (name === 'number') paintBrand();
  if (left.has(name) || !CHECKS[name]()) show(name, left.has(name) ? CHECKS[name]() : null);
  for (const chip of document.querySelectorAll('.chip')) {
    chip.setAttribute('aria-pressed', String(chip.dataset.number === digits(field('number').value)));
  }
  report();
  const full = name === 'number' ? brandOf(digits(field(name).value))[2].includes(digits(field(name).value).length) : true;
  if (full && document.activeElement === field(name) && !CHECKS[name]() && name !== 'cvc') {
    field(name === 'number' ? 'expiry' : 'cvc').focus();
  }
}

for (const name of Object.keys(CHECKS)) {
  field(name).addEventListener('input', () => onInput(name));
  field(name).addEventListener('focus', () => tell('focus', {}));
  field(name).addEventListener('blur', (event) => {
    if (field(name).value) {
      left.add(name);
      // Who leaves for the shop's button must not find it moved down by an error before the click is over.
      setTimeout(() => left.has(name) && show(name, CHECKS[name]()), event.relatedTarget ? 0 : 400);
    }
    tell('blur', {});
  });
}

for (const chip of document.querySelectorAll('.chip')) {
  chip.setAttribute('aria-pressed', 'false');
  chip.addEventListener('click', () => {
    field('number').value = SHAPE.number(chip.dataset.number);
    field('expiry').value = `12 / ${String((new Date().getFullYear() + 2) % 100).padStart(2, '0')}`;
    field('cvc').value = '123';
    for (const name of Object.keys(CHECKS)) onInput(name), show(name, null);
  });
}

function validate() {
  let first = null;
  for (const name of Object.keys(CHECKS)) {
    const problem = CHECKS[name]();
    left.add(name);
    show(name, problem);
    if (problem && !first) first = [name, problem];
  }
  if (!first) return {};
  field(first[0]).focus();
  return { error: { type: 'validation_error', code: first[1][0], message: inWords(first[1][1]) } };
}

verbs.validate = () => validate();
verbs.focus = () => (field('number').focus(), {});
verbs.clear = () => (document.getElementById('card').reset(), left.clear(), paintBrand(), {});
verbs.paint = ({ theme, variables }) => {
  const root = document.documentElement;
  root.classList.toggle('night', theme === 'night');
  root.classList.toggle('day', theme === 'stripe' || theme === 'flat' || theme === 'day');
  const names = {
    colorPrimary: '--accent', colorBackground: '--card', colorText: '--ink', colorTextSecondary: '--muted',
    colorDanger: '--late', fontFamily: '--text', focusColor: '--focus',
  };
  for (const [name, token] of Object.entries(names)) {
    if (variables && variables[name]) root.style.setProperty(token, String(variables[name]));
  }
  return {};
};
verbs.confirm = async ({ access, clientSecret, returnUrl, billing }) => {
  const invalid = validate();
  if (invalid.error) return invalid;
  const expiry = digits(field('expiry').value);
  const answer = await api('POST', `payment_intents/${intentOf(clientSecret)}/confirm`, {
    client_secret: clientSecret,
    return_url: returnUrl,
    use_stripe_sdk: true,
    payment_method_data: {
      type: 'card',
      billing_details: billing,
      card: {
        number: digits(field('number').value), exp_month: Number(expiry.slice(0, 2)), exp_year: Number(expiry.slice(2)),
        cvc: field('cvc').value,
      },
    },
  }, access);
  const about = { incorrect_number: 'number', expired_card: 'expiry', incorrect_cvc: 'cvc', invalid_cvc: 'cvc' };
  const place = answer.error && about[answer.error.code];
  if (place) show(place, [answer.error.code, answer.error.message]);
  return answer;
};

document.getElementById('card').addEventListener('submit', (event) => {
  event.preventDefault();
  tell('submit', {});
});
paintBrand();
new ResizeObserver(fit).observe(document.documentElement);
addEventListener('load', fit);
