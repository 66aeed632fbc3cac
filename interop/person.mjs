// A person at a browser without JavaScript, and the owner of the server at a shell: what the peers' scripts share.

import { execFileSync, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';

// A browser that keeps cookies, follows redirects and submits forms. It stops before an address that begins with `hold`.
export class Browser {
  constructor() { this.jars = {}; }

  // Sends one request with the cookies of its origin, and follows nothing.
  async send(url, form, from = url) {
    const { origin } = new URL(url);
    const jar = (this.jars[origin] ??= {});
    const cookie = Object.entries(jar).map(([k, v]) => `${k}=${v}`).join('; ');
    const headers = { accept: 'text/html', ...(cookie && { cookie }) };
    if (form) {
      const home = new URL(from).origin;
      Object.assign(headers, { origin: home, 'sec-fetch-site': home === origin ? 'same-origin' : 'cross-site' });
    }
    const body = form && new URLSearchParams(form);
    const answer = await fetch(url, { method: form ? 'POST' : 'GET', headers, body, redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === '' || /max-age=0\b/i.test(line)) delete jar[name]; else jar[name] = value;
    }
    return answer;
  }

  // Follows redirects to a page.
  async go(url, form, from) {
    let at = url;
    let typed = form;
    for (let hop = 0; hop < 20; hop += 1) {
      if (this.hold && at.startsWith(this.hold)) return { url: at, status: 0, html: '' };
      const answer = await this.send(at, typed, from);
      const location = answer.headers.get('location');
      if (!location) return { url: at, status: answer.status, html: await answer.text() };
      at = new URL(location, at).href;
      typed = undefined;
    }
    throw new Error(`redirected in circles, last to ${at}`);
  }

  // Sends the page's form whose address or button holds `which`: its hidden fields as they are, and `typed`.
  async submit(page, which, typed = {}) {
    for (const [, head, body] of page.html.matchAll(/<form([^>]*)>(.*?)<\/form>/gs)) {
      const target = text(/action="([^"]*)"/.exec(head)?.[1] ?? '');
      const button = [...body.matchAll(/<button([^>]*)>/g)].map(([, b]) => b).find((b) => b.includes(`"${which}"`));
      if (!target.includes(which) && !button) continue;
      const hidden = [...body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
      const fields = Object.fromEntries(hidden.map(([, name, value]) => [name, text(value)]));
      const [, name] = /\bname="([^"]*)"/.exec(button ?? '') ?? [];
      if (name) fields[name] = text(/\bvalue="([^"]*)"/.exec(button)?.[1] ?? '');
      return this.go(new URL(target, page.url).href, { ...fields, ...typed }, page.url);
    }
    throw new Error(`no form for ${which} on ${page.url} (${page.status}): ${words(page.html)}`);
  }
}

// What an attribute's value says.
function text(value) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  const one = (whole, n) => (n[0] === '#' ? String.fromCodePoint(Number(n.slice(1).replace(/^x/i, '0x'))) : named[n] ?? whole);
  return value.replace(/&(#\w+|\w+);/g, (whole, n) => one(whole, n));
}

// What a page says, for messages.
export const words = (html) => html.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim().slice(0, 400);

// The code of this half minute (RFC 6238), or of another by `steps`.
export function totp(base32, steps = 0) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...base32.replace(/[\s=]/g, '').toUpperCase()].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const count = Buffer.alloc(8);
  count.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
  const mac = createHmac('sha1', key).update(count).digest();
  const code = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(code % 1000000).padStart(6, '0');
}

// The secret of an otpauth address.
export const otpSecret = (otpauth) => new URL(otpauth).searchParams.get('secret');

// A command to the server that runs on DATA; its answer.
export function muster(...args) {
  const out = execFileSync(process.env.MUSTER, ['--data-dir', process.env.DATA, ...args], { encoding: 'utf8' });
  return out.trim() ? JSON.parse(out) : null;
}

// The same where it must be refused; what it said.
export function musterRefuses(...args) {
  const done = spawnSync(process.env.MUSTER, ['--data-dir', process.env.DATA, ...args], { encoding: 'utf8' });
  if (done.status === 0) throw new Error(`muster ${args.join(' ')} was not refused`);
  return done.stderr;
}

// Waits until `look` gives something.
export async function until(what, look, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
}

// One line for each thing that must hold; `end` says whether all did.
export class Report {
  constructor(name) { this.name = name; this.failed = 0; this.held = 0; }

  check(what, ok, seen = '') {
    if (ok) this.held += 1; else this.failed += 1;
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${ok ? '' : `: ${seen}`}`);
  }

  // `attempt` must throw something that `fits`.
  async refuses(what, attempt, fits) {
    let seen;
    try {
      const given = await attempt();
      this.check(what, false, `it was let through: ${JSON.stringify(given)}`);
      return;
    } catch (e) { seen = e; }
    this.check(what, await fits(seen), `${seen?.error ?? seen?.code ?? ''} ${seen?.error_description ?? seen}`);
  }

  // The same of an OAuth error, by its word.
  async answers(what, error, attempt) {
    await this.refuses(what, attempt, async (e) => {
      // With a challenge in the header the library leaves the body unread.
      const said = e.error ?? (e.response && !e.response.bodyUsed ? (await e.response.json()).error : undefined);
      return said === error;
    });
  }

  end() {
    console.log(`${this.name}: ${this.held} hold, ${this.failed} do not`);
    process.exit(this.failed || !this.held ? 1 : 0);
  }
}
