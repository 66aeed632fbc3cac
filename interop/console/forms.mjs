// Which forms people were shown, and which they sent: at the end there is none that no job sends.

import { shape } from './looks.mjs';

// The console, people's own pages, and what a setup link opens.
const OURS = /^\/(admin|me|portal)(\/|$)/;

// A passkey is made in ../browser: without a script it cannot be.
const ELSEWHERE = ['/me/factors/passkey'];

// What a form's address is for, without whom or what it is about.
const kind = (address) => shape(address).split('?')[0].replace(/^\/admin\/in\/[^/]+/, '/admin/in/*');

export class Forms {
  shown = new Map();

  sent = new Set();

  // What stands on the page that is there.
  async look(page) {
    const all = await page.evaluate(() => [...document.querySelectorAll('form[method=post]')].map((f) => new URL(f.getAttribute('action') ?? '', document.baseURI).href));
    for (const action of all.filter((a) => OURS.test(new URL(a).pathname))) {
      if (!this.shown.has(kind(action))) this.shown.set(kind(action), new URL(page.url()).pathname);
    }
  }

  send(address) { this.sent.add(kind(address)); }

  get unsent() { return [...this.shown].filter(([action]) => !this.sent.has(action) && !ELSEWHERE.includes(action)).map(([action, at]) => `${action} (at ${at})`).sort(); }
}
