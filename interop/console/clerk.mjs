// Somebody at the pages for administrators: signs in, finds their way by what the pages say, and fills forms by their labels.

import { totp, until } from '../person.mjs';
import { Visitor } from '../browser/visitor.mjs';
import { SOME, look, shape } from './looks.mjs';

const used = new Map();

// The pages of the console, and those of a person's own.
const OURS = /^\/(admin|me)(\/|$)/;

export class Clerk extends Visitor {
  // Ada, with password and one-time code, in a browser of her own.
  static async ada(world, name = 'Ada', options = {}) {
    const ada = await Clerk.enter(world, name, options);
    await ada.go(`${world.url}/admin`);
    await ada.signIn(world);
    return ada;
  }

  static async enter(world, name, options = {}) {
    const { context, page } = await Visitor.enter(world, name, options);
    const clerk = new Clerk(world, name, context, page);
    world.clerks?.push(clerk);
    return clerk;
  }

  constructor(world, name, context, page) {
    super(world, name, context, page);
    page.on('request', (r) => { if (r.method() === 'POST' && r.isNavigationRequest()) world.forms?.send(r.url()); });
  }

  async go(url) {
    await super.go(url);
    await this.world.forms?.look(this.page);
  }

  // Somebody with a password here, in a browser of their own, as far as that leads.
  static async local(world, user_name, password, tenant = 'contoso') {
    const person = await Clerk.enter(world, user_name);
    await person.go(`${world.url}/signin?tenant=${tenant}`);
    await person.byPassword(user_name, password);
    return person;
  }

  // At the page with the ways to sign in: by password, also where a company's login stands first.
  async byPassword(user_name, password) {
    const folded = this.page.locator('#local summary');
    if (await folded.count() && !await this.page.locator('#user_name').isVisible()) await folded.click();
    await this.type({ user_name, password });
    await this.press('sign-in');
  }

  // Whether this browser's session is one, to the server.
  async isIn() { return (await this.context.request.get(`${this.world.url}/api/v1/me`)).status() === 200; }

  async signIn({ provider, password, adaSecret }) {
    if (!await this.has('password')) await this.go(`${this.world.url}/signin?tenant=${provider}`);
    await this.type({ user_name: 'ada', password });
    await this.press('sign-in');
    await this.type({ code: await code(adaSecret) });
    await this.press('continue');
  }

  // A page of a tenant, which must be there.
  async at(tenant, path = '') {
    await this.go(`${this.world.url}/admin/in/${tenant}${path}`);
    if (this.answer.status() >= 400) throw new Error(`status ${this.answer.status()} at ${this.page.url()}`);
  }

  async press(id) {
    await super.press(id);
    await this.examine();
  }

  // With the script, which axe-core needs, whatever a job comes to is looked at once: answers to forms, too, of which no
  // link leads to any. `world.examined` holds what was.
  async examine() {
    const { examined, forms, report } = this.world;
    await forms?.look(this.page);
    if (!examined || !this.answer || !OURS.test(this.path) || !this.page.url().startsWith(this.world.url)) return;
    const method = this.answer.request().method();
    const title = (await this.page.title()).replace(/["“«].*["”»]|\d+/g, '…');
    const what = `${method} ${shape(this.page.url())} ${this.answer.status()} “${title.split(' · ')[0]}”`;
    if (examined.has(`${method} ${shape(this.page.url())} ${this.answer.status()}`)) return;
    examined.add(`${method} ${shape(this.page.url())} ${this.answer.status()}`);
    const { wrong } = await look(this, this.page, what.replace(/\W+/g, '-'), this.answer.status(), SOME);
    report.check(`looked at: ${what}`, wrong.length === 0, wrong.join('\n       '));
  }

  // Clicks what has this name, among what `within` holds, and waits for the page that follows.
  async click(name, { role = 'link', within = 'main', exact = true } = {}) {
    const it = this.page.locator(within).getByRole(role, { name, exact }).first();
    await Promise.all([this.page.waitForEvent('domcontentloaded'), it.click()]);
    await this.examine();
  }

  button(name, within = 'main') { return this.click(name, { role: 'button', within }); }

  // Fills fields by their names; `true` and `false` are for boxes, an array ticks those values.
  async fill(fields) {
    for (const [name, value] of Object.entries(fields)) {
      const all = this.page.locator(`main [name="${name}"]:not([type=hidden])`);
      const kind = await all.first().evaluate((e) => (e.tagName === 'SELECT' ? 'select' : e.type));
      if (kind === 'select') await all.first().selectOption(value);
      else if (kind === 'radio') await this.page.locator(`main [name="${name}"][value="${value}"]`).check();
      else if (Array.isArray(value)) {
        for (const one of value) await this.page.locator(`main [name="${name}"][value="${one}"]`).check();
      } else if (kind === 'checkbox') await all.first().setChecked(value);
      else await all.first().fill(value);
    }
  }

  // A choice that leads on: at once with the script, by the button without.
  async choose(name, value, button) {
    if (!this.world.scripted) {
      await this.fill({ [name]: value });
      await this.button(button);
      return;
    }
    await Promise.all([this.page.waitForEvent('domcontentloaded'), this.page.locator(`main select[name="${name}"]`).selectOption(value)]);
  }

  value(name) { return this.page.locator(`main [name="${name}"]:not([type=hidden])`).first().inputValue(); }

  text(selector = 'main') {
    return this.page.locator(selector).first().innerText({ timeout: 3000 }).then((t) => t.replace(/\s+/g, ' ').trim(), () => '');
  }

  words() { return this.text('body').then((t) => t.slice(0, 900)); }

  // Whether the problem of a field is said where the field is, with the field pointing to it.
  async saidAt(name) {
    return this.page.evaluate((n) => {
      const field = document.getElementById(`f-${n}`) ?? document.querySelector(`main [name="${n}"]`);
      const said = (e) => (e?.getAttribute('aria-describedby') ?? '').split(/\s+/)
        .some((id) => /problem/.test(id) && document.getElementById(id)?.textContent.trim());
      return Boolean(field) && (said(field) || said(field.closest('fieldset')) || Boolean(field.querySelector?.('.problem')?.textContent.trim()));
    }, name);
  }

  // What the API says to whoever sits here.
  async api(path) {
    const answer = await this.context.request.get(`${this.world.url}/api/v1${path}`);
    return { status: answer.status(), body: await answer.json().catch(() => null) };
  }

  get address() { return new URL(this.page.url()); }
}

// A code that was not used yet: each is good once.
export async function code(secret) {
  const before = used.get(secret) ?? 0;
  const step = () => Math.floor(Date.now() / 30_000);
  // The next one is taken, too, so that nobody waits.
  const next = Math.max(step(), before + 1);
  await until('the next one-time code', () => next <= step() + 1, 60);
  used.set(secret, next);
  return totp(secret, next - step());
}
