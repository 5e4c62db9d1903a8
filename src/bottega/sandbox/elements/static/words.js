// The words of the frames in the languages of the shops that are tried here, by their English; what isn't here stays English.
'use strict';

const LOCALE = (new URLSearchParams(location.search).get('locale') || 'en').slice(0, 2);
const WORDS = {
  de: {
    'Card details': 'Kartendaten', 'Card number': 'Kartennummer', 'Expiry date': 'Gültig bis', 'Security code': 'Sicherheitscode',
    'MM / YY': 'MM / JJ', CVC: 'CVC', 'No real money. Fill in a test card:': 'Kein echtes Geld. Testkarte einsetzen:',
    Works: 'Klappt', 'Asks for 3-D Secure': 'Fragt nach 3-D Secure', Declined: 'Abgelehnt',
    'Type your card number.': 'Gib deine Kartennummer ein.',
    'The card number is incomplete.': 'Die Kartennummer ist unvollständig.',
    'The card number isn’t valid. Check the digits.': 'Die Kartennummer stimmt nicht. Prüf die Ziffern.',
    'Type the month and year on the card.': 'Gib Monat und Jahr von der Karte ein.',
    'The month goes from 01 to 12.': 'Der Monat geht von 01 bis 12.', 'This card has expired.': 'Diese Karte ist abgelaufen.',
    'Type the 4 digits on the front of the card.': 'Gib die 4 Ziffern von der Vorderseite der Karte ein.',
    'Type the 3 digits on the back of the card.': 'Gib die 3 Ziffern von der Rückseite der Karte ein.',
    'Your card has expired.': 'Deine Karte ist abgelaufen.', "Your card's security code is incorrect.": 'Der Sicherheitscode stimmt nicht.',
    'Sandbox bank': 'Testbank', 'Confirm it’s you': 'Bestätige, dass du es bist', To: 'An', Card: 'Karte',
    'Your bank would ask for a code or your fingerprint here. In the sandbox you decide.':
      'Hier würde deine Bank nach einem Code oder deinem Fingerabdruck fragen. In der Sandbox entscheidest du.',
    Complete: 'Bestätigen', Fail: 'Ablehnen', 'Nothing to confirm': 'Nichts zu bestätigen',
    'This payment isn’t waiting for a confirmation any more. Close this window to go on.':
      'Diese Zahlung wartet auf keine Bestätigung mehr. Schließ dieses Fenster.',
  },
  it: {
    'Card details': 'Dati della carta', 'Card number': 'Numero della carta', 'Expiry date': 'Scadenza', 'Security code': 'Codice di sicurezza',
    'MM / YY': 'MM / AA', CVC: 'CVC', 'No real money. Fill in a test card:': 'Niente denaro vero. Usa una carta di prova:',
    Works: 'Funziona', 'Asks for 3-D Secure': 'Chiede 3-D Secure', Declined: 'Rifiutata',
    'Type your card number.': 'Scrivi il numero della carta.',
    'The card number is incomplete.': 'Il numero della carta è incompleto.',
    'The card number isn’t valid. Check the digits.': 'Il numero della carta non è valido. Controlla le cifre.',
    'Type the month and year on the card.': 'Scrivi mese e anno indicati sulla carta.',
    'The month goes from 01 to 12.': 'Il mese va da 01 a 12.', 'This card has expired.': 'Questa carta è scaduta.',
    'Type the 4 digits on the front of the card.': 'Scrivi le 4 cifre sul fronte della carta.',
    'Type the 3 digits on the back of the card.': 'Scrivi le 3 cifre sul retro della carta.',
    'Your card has expired.': 'La tua carta è scaduta.', "Your card's security code is incorrect.": 'Il codice di sicurezza è sbagliato.',
    'Sandbox bank': 'Banca di prova', 'Confirm it’s you': 'Conferma che sei tu', To: 'A', Card: 'Carta',
    'Your bank would ask for a code or your fingerprint here. In the sandbox you decide.':
      'Qui la tua banca chiederebbe un codice o l’impronta. Nella sandbox decidi tu.',
    Complete: 'Conferma', Fail: 'Rifiuta', 'Nothing to confirm': 'Niente da confermare',
    'This payment isn’t waiting for a confirmation any more. Close this window to go on.':
      'Questo pagamento non aspetta più una conferma. Chiudi questa finestra.',
  },
};

function inWords(text) {
  return WORDS[LOCALE]?.[text] || text;
}

// The page as it came, said anew before anybody reads it.
if (WORDS[LOCALE]) {
  document.documentElement.lang = LOCALE;
  document.title = inWords(document.title);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const text = node.data.trim();
    if (text && WORDS[LOCALE][text]) node.data = node.data.replace(text, WORDS[LOCALE][text]);
  }
  for (const name of ['placeholder', 'aria-label']) {
    for (const each of document.querySelectorAll(`[${name}]`)) each.setAttribute(name, inWords(each.getAttribute(name)));
  }
}
