// A person at Chromium, without JavaScript unless they say otherwise, and what must hold of every page they are shown: one heading, labelled
// fields, room on a narrow screen, nothing loaded from elsewhere, nothing on the console.

import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1440, height: 900 };
const shots = process.env.SHOTS;
let taken = 0;

// Chromium, which finds nothing outside this machine.
export function start() {
  if (shots) mkdirSync(shots, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'],
  });
}

// What is wrong with a page as it stands, in words. Runs in the page.
export function faults() {
  const wrong = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const headings = all('h1');
  if (headings.length !== 1 || !headings[0].textContent.trim()) wrong.push(`${headings.length} h1`);
  if (!document.documentElement.lang || !document.title.trim()) wrong.push('no language or no title');
  if (!document.querySelector('main')) wrong.push('no main');
  // One script is for passkeys, which nothing else can ask a browser for; the other is comfort for administrators.
  if (all('script').some((e) => !/^\/assets\/(passkey|desk)-[0-9a-f]+\.js$/.test(e.getAttribute('src') ?? '') || e.textContent)) wrong.push('a script');
  if (all('[style], [onclick]').length) wrong.push('style or handler in an attribute');
  const ids = all('[id]').map((e) => e.id);
  wrong.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `two elements with the id ${id}`));
  for (const e of all('input:not([type=hidden], [hidden]), select, textarea')) {
    if (!e.labels?.length && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby')) wrong.push(`no label: ${e.name}`);
    // What has no label around it and no name of its own is pointed to by one.
    if (!e.id && !e.closest('label') && !e.getAttribute('aria-label')) wrong.push(`no id: ${e.name}`);
  }
  for (const e of all('button, a[href], summary')) {
    if (!(e.getAttribute('aria-label') ?? e.textContent).trim()) wrong.push(`nothing to read on a ${e.tagName.toLowerCase()}`);
  }
  for (const e of all('[aria-describedby], [aria-labelledby]')) {
    const named = `${e.getAttribute('aria-describedby') ?? ''} ${e.getAttribute('aria-labelledby') ?? ''}`.trim().split(/\s+/);
    wrong.push(...named.filter((id) => !document.getElementById(id)).map((id) => `${id} is pointed to and not there`));
  }
  return wrong;
}

// How far the page reaches beyond the window. Runs in the page.
export const beyond = () => document.documentElement.scrollWidth - window.innerWidth;

export class Visitor {
  // Somebody with a browser of their own: no cookie of anybody else's.
  static async enter(world, name, options = {}) {
    // Our certificate is of an authority that only this test knows.
    const context = await world.chromium.newContext({
      javaScriptEnabled: world.scripted ?? false, ignoreHTTPSErrors: true, viewport: WIDE, ...options,
    });
    return new Visitor(world, name, context, await context.newPage());
  }

  constructor(world, name, context, page) {
    Object.assign(this, { world, name, context, page, noise: [] });
    page.setDefaultTimeout(20_000);
    // What other people's pages do is theirs to mend.
    const ours = (address) => address.startsWith(world.url);
    page.on('console', (m) => {
      // The browser notes a page that came with an error status; those are ours to check.
      const status = /Failed to load resource: the server responded with a status of/.test(m.text());
      const at = m.location().url;
      if (ours(at) && !(status && at === page.url())) this.noise.push(`console ${m.type()}: ${m.text()} (${at})`);
    });
    page.on('pageerror', (e) => { if (ours(page.url())) this.noise.push(`error: ${e}`); });
    page.on('requestfailed', (r) => {
      if (ours(page.url())) this.noise.push(`failed: ${r.url()} ${r.failure()?.errorText}`);
    });
    page.on('request', (r) => {
      const foreign = !ours(r.url()) && !r.url().startsWith('data:');
      if (ours(page.url()) && !r.isNavigationRequest() && foreign) this.noise.push(`loaded from elsewhere: ${r.url()}`);
    });
    page.on('response', (r) => { if (r.request().isNavigationRequest()) this.answer = r; });
  }

  async go(url) { await this.page.goto(url); }

  // Presses what has that id, and waits for the page that follows.
  async press(id) {
    await Promise.all([this.page.waitForEvent('domcontentloaded'), this.page.locator(`[id="${id}"]`).click()]);
  }

  // Goes to the company's own login, says there who it is unless it is known, and comes back.
  async through(way, person) {
    const { page, world } = this;
    await this.press(way);
    if (!page.url().startsWith(world.directory)) return;
    await page.locator('[name=person]').fill(person);
    await Promise.all([page.waitForURL(`${world.url}/**`), page.locator('button').click()]);
  }

  async type(fields) {
    for (const [id, value] of Object.entries(fields)) await this.page.locator(`[id="${id}"]`).fill(value);
  }

  has(id) { return this.page.locator(`[id="${id}"]`).count().then((n) => n > 0); }

  // What it says, also where it is folded away.
  read(id) { return this.page.locator(`[id="${id}"]`).textContent().then((t) => t.replace(/\s+/g, ' ').trim()); }

  words() { return this.page.locator('body').innerText().then((t) => t.replace(/\s+/g, ' ').slice(0, 300)); }

  get path() { return new URL(this.page.url()).pathname; }

  // What is wrong with the page that is there, its answer and its cookies, at whatever width.
  async wrong(status = 200) {
    const { page } = this;
    const wrong = [...this.noise.splice(0), ...await page.evaluate(faults)];
    if (this.answer.status() !== status) wrong.push(`status ${this.answer.status()} and not ${status}`);
    const headers = await this.answer.allHeaders();
    if (!headers['content-security-policy']?.includes("default-src 'none'")) wrong.push('no strict policy');
    if (!/no-store/.test(headers['cache-control'])) wrong.push('may be kept in caches');
    const open = (await this.context.cookies(page.url()))
      .filter((c) => !c.httpOnly || !c.secure || c.sameSite === 'None' || !c.name.startsWith('__Host-'));
    wrong.push(...open.map((c) => `the cookie ${c.name} is open to others`));
    return wrong;
  }

  // Looks at the page that is there, in both widths and both colours, and notes what is wrong with it.
  async look(what, status = 200) {
    const { page } = this;
    const wrong = await this.wrong(status);
    taken += 1;
    const file = `${String(taken).padStart(2, '0')}-${what.replace(/\W+/g, '-').toLowerCase()}`;
    for (const [size, scheme] of [[NARROW, 'light'], [NARROW, 'dark'], [WIDE, 'dark'], [WIDE, 'light']]) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme });
      const over = await page.evaluate(beyond);
      if (over > 0 && scheme === 'light') wrong.push(`${over} px beyond the edge at ${size.width}`);
      if (shots) await page.screenshot({ path: `${shots}/${file}-${size.width}-${scheme}.png`, fullPage: true });
    }
    const title = await page.locator('h1').first().innerText().catch(() => '(none)');
    this.world.report.check(`${this.name} sees “${title}” (${what})`, wrong.length === 0,
      `${wrong.join('; ')} on ${page.url()}: ${await this.words()}`);
  }

  async leave() { await this.context.close(); }
}
