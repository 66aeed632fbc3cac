// By keyboard alone: from the sign-in to a person who is switched off, and back. Wherever the focus is, it is seen; it goes
// on in the order of the page, and out of everything it gets into.

import { createServer } from 'node:http';
import { muster } from '../person.mjs';
import { Clerk, code } from './clerk.mjs';

const MOST = 400;

// What has the focus: what it is called, whether it is in sight; and of what had it before, whether that showed and whether
// it stands before. Runs in the page.
function focused() {
  const look = (e) => {
    const style = getComputedStyle(e);
    return ['outlineStyle', 'outlineWidth', 'outlineColor', 'boxShadow', 'backgroundColor', 'borderColor', 'textDecorationLine'].map((s) => style[s]).join('|');
  };
  const e = document.activeElement === document.body ? null : document.activeElement;
  const last = window.lastWithFocus;
  const before = last && last.e !== e && {
    // Where a link leads to is a place, and nothing that is pressed.
    shown: last.outline || last.e.tabIndex < 0 || look(last.e) !== last.look, inOrder: !e || e.matches('.skip') || Boolean(last.e.compareDocumentPosition(e) & 4), is: last.is,
  };
  window.lastWithFocus = null;
  if (!e) return { before };
  e.scrollIntoView({ block: 'nearest' });
  const style = getComputedStyle(e);
  const box = e.getBoundingClientRect();
  const [x, y] = [box.left + Math.min(box.width, window.innerWidth) / 2, box.top + box.height / 2];
  const top = document.elementFromPoint(x, y);
  const is = {
    id: e.id, tag: e.tagName.toLowerCase(), href: e.getAttribute('href'), name: e.getAttribute('name'),
    text: (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).replace(/\s+/g, ' ').trim().slice(0, 60),
    sight: box.width > 1 && box.height > 1 && x >= 0 && y >= 0 && x <= window.innerWidth && y <= window.innerHeight,
    covered: Boolean(top) && !e.contains(top) && !top.contains(e) && ![...e.labels ?? []].some((l) => l.contains(top)),
  };
  window.lastWithFocus = { e, is, look: look(e), outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 };
  return { now: is, before };
}

const called = (f) => (f ? `${f.tag}${f.id ? `#${f.id}` : ''} “${f.text}”` : 'nothing');

class Typist extends Clerk {
  static async enter(world, name, options = {}) {
    const { context, page } = await Clerk.enter(world, name, options);
    return new Typist(world, name, context, page);
  }

  faults = [];

  // What has the focus now; what is wrong with how it shows, or with where it went, is kept.
  async now(forward = false) {
    const { now, before } = await this.page.evaluate(focused);
    if (before && !before.shown) this.faults.push(`${called(before.is)} does not show that it has the focus`);
    if (before && forward && now && !before.inOrder) this.faults.push(`${called(now)} comes after ${called(before.is)}, which stands behind it`);
    if (now && !now.sight) this.faults.push(`${called(now)} is out of sight with the focus`);
    else if (now?.covered) this.faults.push(`${called(now)} is covered`);
    return now ?? null;
  }

  // Where a page begins with the focus in it.
  async here(fits) {
    const now = await this.now();
    return now && fits(now) ? now : null;
  }

  async step() {
    await this.page.keyboard.press('Tab');
    return this.now(true);
  }

  // On with Tab until what has the focus fits.
  async reach(what, fits) {
    for (let i = 0; i < MOST; i += 1) {
      const now = (i === 0 && await this.here(fits)) || await this.step();
      // A page that has only just come may not hear the first key.
      if (!now && i > 0) throw new Error(`the page ended before ${what}`);
      if (now && fits(now)) return now;
    }
    throw new Error(`${MOST} steps, and no ${what}`);
  }

  // Presses a key that leads to another page.
  async leadsOn(key = 'Enter') {
    await Promise.all([this.page.waitForEvent('domcontentloaded'), this.page.keyboard.press(key)]);
    await this.page.waitForLoadState();
  }

  write(text) { return this.page.keyboard.type(text); }

  // All of a page, from its beginning to its end; how many steps that took.
  async walk() {
    // A date is typed in parts, and picked from a calendar: four places of which each has the focus.
    const all = await this.page.evaluate(() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
      .filter((e) => !e.disabled && e.checkVisibility({ visibilityProperty: true })).reduce((n, e) => n + (e.type === 'date' ? 4 : 1), 0));
    let steps = 0;
    while (steps <= all + 5) {
      const now = await this.step();
      // From the end it goes on to the browser, or from the beginning.
      if (!now || (steps > 0 && now.href === '#main' && now.tag === 'a' && now.id === '')) return steps;
      steps += 1;
      // A trap does not let go.
      if (steps > all + 4) this.faults.push(`the focus does not leave the page: ${steps} steps among ${all} elements, now at ${called(now)}`);
    }
    return steps;
  }

  take() { return [...new Set(this.faults.splice(0))]; }
}

// A page where all of it is wrong is seen to be.
async function mirror(world) {
  const bad = createServer((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><html lang="en"><title>x</title><style>*:focus { outline: none } #lid { position: fixed; inset: 0 0 auto; height: 20rem; background: #eee }</style>
      <main><h1>x</h1><p><a href="/a" tabindex="2">first on the page, second by Tab</a></p><p><a href="/b" tabindex="1">second on the page, first by Tab</a></p>
      <div id="lid">over it all</div></main>`);
  });
  await new Promise((done) => { bad.listen(0, '127.0.0.1', done); });
  const url = `http://127.0.0.1:${bad.address().port}/`;
  const nobody = await Typist.enter({ ...world, url }, 'nobody');
  await nobody.go(url);
  await nobody.walk();
  const seen = nobody.take().join('; ');
  const missed = ['does not show', 'is covered', 'stands behind it'].filter((w) => !seen.includes(w));
  world.report.check('a page that is wrong for the keyboard is seen to be', missed.length === 0, `${missed} not in ${seen}`);
  await nobody.leave();
  bad.close();
}

// A customer's IT staff at a setup link: begun, a wrong input mended, what people sign in by entered.
async function portal(world, ada, check) {
  const { id } = muster('directory', 'create', 'contoso', 'Typed login', '--preset', 'generic');
  const made = await (await ada.context.request.post(`${world.url}/api/v1/tenants/contoso/directories/${id}/setup-links`, {
    headers: { origin: new URL(world.url).origin, 'sec-fetch-site': 'same-origin' }, data: { hours: 4 },
  })).json();
  const it = await Typist.enter(world, 'IT staff by keyboard');
  await it.go(made.link);
  await it.reach('to begin', (f) => f.id === 'begin');
  await it.leadsOn();
  await it.reach('the issuer', (f) => f.name === 'issuer');
  await it.write('no address');
  await it.reach('the client id', (f) => f.name === 'client_id');
  await it.write('muster');
  await it.leadsOn();
  check('what is wrong comes first on the page', await it.has('problem') && it.answer.status() === 400, await it.words());
  await it.reach('what leads to the field', (f) => f.href === '#f-issuer');
  await it.page.keyboard.press('Enter');
  await it.page.keyboard.press('Control+A');
  await it.write(world.providers[0]);
  await it.reach('the secret', (f) => f.name === 'client_secret');
  await it.write('muster-interop-secret');
  await it.leadsOn();
  const entered = muster('directory', 'list', 'contoso').items.find((d) => d.id === id).signin;
  check('the sign-in is entered', entered?.issuer === world.providers[0] && entered.client_id === 'muster', `${JSON.stringify(entered)} ${await it.words()}`);
  const steps = await it.walk();
  check(`the setup: all of it in ${steps} steps, and out at its end`, steps > 5, steps);
  const wrong = it.take();
  check('the setup: the focus is always seen, and goes on in order', wrong.length === 0, wrong.slice(0, 6).join('; '));
  await it.leave();
  muster('directory', 'delete', 'contoso', 'Typed login', '--yes');
}

export async function run(world) {
  const { url, report, password, adaSecret } = world;
  await mirror(world);
  const ada = await Typist.enter(world, 'Ada by keyboard');
  const check = (what, ok, seen = '') => report.check(`keyboard: ${what}`, Boolean(ok), seen);
  const fine = async (what) => {
    const wrong = ada.take();
    check(`${what}: the focus is always seen, and goes on in order`, wrong.length === 0, `${wrong.slice(0, 6).join('; ')} on ${ada.page.url()}`);
  };

  await ada.go(`${url}/signin?tenant=${world.provider}`);
  await ada.reach('the name', (f) => f.id === 'user_name');
  await ada.write('ada');
  await ada.reach('the password', (f) => f.id === 'password');
  await ada.write(password);
  await ada.leadsOn();
  await ada.reach('the code', (f) => f.id === 'code');
  await ada.write(await code(adaSecret));
  await ada.leadsOn();
  await fine('signing in');

  await ada.at('contoso');
  const skip = await ada.step();
  check('the first step is the link past everything', skip?.href === '#main', called(skip));
  await ada.page.keyboard.press('Enter');
  const inside = await ada.reach('something of the page', () => true);
  check('which leads into the page', await ada.page.evaluate(() => Boolean(document.activeElement.closest('main'))), called(inside));
  await fine('the link past everything');

  await ada.at('contoso');
  await ada.reach('the users', (f) => f.href === '/admin/in/contoso/users' && f.text === 'Users');
  await ada.leadsOn();
  check('the way around leads to the users', ada.path === '/admin/in/contoso/users', ada.page.url());
  await ada.reach('the search', (f) => f.name === 'text');
  await ada.write('bert');
  await ada.leadsOn();
  const { id } = muster('user', 'show', 'contoso', 'bert');
  await ada.reach('Bert', (f) => f.href === `/admin/in/contoso/users/${id}`);
  await ada.leadsOn();
  await ada.reach('the switch', (f) => f.id === 'switch');
  await ada.leadsOn('Space');
  check('Bert is off', muster('user', 'show', 'contoso', 'bert').enabled === false, await ada.words());
  await ada.reach('the switch', (f) => f.id === 'switch');
  await ada.leadsOn('Space');
  check('and on', muster('user', 'show', 'contoso', 'bert').enabled === true, await ada.words());
  await fine('from the overview to a person');

  // Many: tick with Space, choose with an arrow, look, confirm.
  await ada.at('contoso', '/users?text=bert');
  await ada.reach('Bert’s box', (f) => f.name === 'user');
  await ada.page.keyboard.press('Space');
  await ada.reach('what to do', (f) => f.name === 'action');
  await ada.page.keyboard.press('s');
  await ada.reach('to go on', (f) => f.id === 'go-on');
  await ada.leadsOn();
  check('the next page asks', ada.path.endsWith('/users/bulk'), ada.page.url());
  await ada.reach('to confirm', (f) => f.id === 'confirm');
  await ada.leadsOn();
  check('confirmed, it is done', muster('user', 'show', 'contoso', 'bert').enabled === false, await ada.words());
  await ada.reach('the way back', (f) => f.id === 'back');
  await ada.leadsOn();
  check('and leads back to the list', ada.path === '/admin/in/contoso/users', ada.page.url());
  muster('user', 'enable', 'contoso', 'bert');
  await fine('many at once');

  for (const [what, path] of [['the overview', ''], ['the users', '/users'], ['a person', `/users/${id}`], ['their end', `/users/${id}/delete`],
    ['a role', `/roles/${world.packager.id}/edit`], ['the policy', '/policy'], ['the trail', '/audit'], ['adding an application', '/apps/add']]) {
    await ada.go(`${url}/admin/in/contoso${path}`);
    if (ada.answer.status() !== 200) {
      check(what, false, `status ${ada.answer.status()} at ${ada.page.url()}`);
      continue;
    }
    const steps = await ada.walk();
    check(`${what}: all of it in ${steps} steps, and out at its end`, steps > 5, steps);
    await fine(what);
  }

  await portal(world, ada, check);
  await ada.page.setViewportSize({ width: 390, height: 844 });
  await ada.at('contoso');
  check('narrow, the way around is away', !await ada.page.locator('#nav a').nth(2).isVisible());
  await ada.reach('the menu', (f) => f.id === 'menu');
  await ada.page.keyboard.press('Enter');
  check('the menu opens', await ada.page.locator('#nav').getByRole('link', { name: 'Users', exact: true }).isVisible());
  const first = await ada.step();
  check('and the next step is in it', await ada.page.evaluate(() => Boolean(document.activeElement.closest('#nav'))), called(first));
  if (first?.id !== 'menu-close') await ada.reach('to close it', (f) => f.id === 'menu-close');
  await ada.page.keyboard.press('Enter');
  check('closed, the page is there again', !await ada.page.locator('#nav').getByRole('link', { name: 'Users', exact: true }).isVisible());
  await ada.at('contoso');
  await ada.reach('the menu', (f) => f.id === 'menu');
  await ada.page.keyboard.press('Enter');
  await ada.reach('the users', (f) => f.text === 'Users');
  await ada.leadsOn();
  check('from the menu to the users', ada.path === '/admin/in/contoso/users', ada.page.url());
  await fine('the menu');
  await ada.at('contoso', '/users');
  await ada.walk();
  await fine('a list on a narrow screen');
  await ada.leave();
}
