// The pages that no administrator gets to by links, looked at like theirs, in every width and both colours: what a setup link
// opens, step by step and after its end; the first start; signing in; passkeys; invitations, in each language; one's own
// account, and roles for a while on it.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { muster, totp, until } from '../person.mjs';
import { Clerk, code } from './clerk.mjs';
import { publish } from './dns.mjs';
import { ALL, look } from './looks.mjs';
import { mirror } from './pages.mjs';
import { scim, secret } from './seed.mjs';

const PASSWORD = 'nine gentle northern tunnels';
const LINK = /https?:\/\/[^\s<>"]+\/(?:invite|reset)\/[\w-]+/;

// Somebody whose page is examined as it stands: what a form answers is on no address. The pages' own scripts are kept away.
class Seen extends Clerk {
  static async enter(world, name) {
    const { context, page } = await Clerk.enter(world, name, { javaScriptEnabled: true });
    await context.route(/\/assets\/(desk|passkey)-[^/]*\.js$/, (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    return new Seen(world, name, context, page);
  }

  // The same with the script that asks the browser for passkeys, and a device that keeps them.
  static async withDevice(world, name, options = {}) {
    const { context, page } = await Clerk.enter(world, name, { javaScriptEnabled: true, ...options });
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
    } });
    return new Seen(world, name, context, page);
  }

  async seen(what, status = 200) {
    const file = `outside-${what.replace(/\W+/g, '-').toLowerCase()}`;
    const { bytes, wrong } = await look(this, this.page, file, status, ALL);
    this.world.report.check(`${what} (“${await this.text('h1')}”, ${bytes} bytes)`, wrong.length === 0, `${wrong.join('\n       ')}\n       on ${this.page.url()}: ${await this.words()}`);
  }
}

async function portal(world) {
  const { url, providers: [provider], report } = world;
  muster('tenant', 'create', 'wayne', '--name', 'Wayne');
  const ada = await Clerk.enter(world, 'Ada', { storageState: world.state });
  const { origin } = new URL(url);
  const headers = { origin, 'sec-fetch-site': 'same-origin' };
  for (const preset of ['entra', 'okta', 'google', 'generic']) {
    const { id } = muster('directory', 'create', 'wayne', `Wayne ${preset}`, '--preset', preset);
    const made = await (await ada.context.request.post(`${url}/api/v1/tenants/wayne/directories/${id}/setup-links`, { headers, data: { hours: 4 } })).json();
    const it = await Seen.enter(world, 'IT staff');
    await it.go(made.link);
    if (preset === 'entra') await it.seen('what a setup link opens');
    await it.press('begin');
    await it.seen(`the setup of ${preset}, from its beginning`);
    if (preset === 'generic') await steps(world, it, provider);
    for (const l of (await ada.api(`/tenants/wayne/directories/${id}/setup-links`)).body.items) {
      const gone = await ada.context.request.delete(`${url}/api/v1/tenants/wayne/directories/${id}/setup-links/${l.id}`, { headers });
      if (!gone.ok()) report.check('a setup link is taken back', false, gone.status());
    }
    if (preset === 'entra') {
      await it.go(`${url}/portal`);
      await it.seen('the setup, its link taken back', 401);
      await it.go(made.link);
      await it.seen('a setup link that is over', 410);
    }
    await it.leave();
  }
  await ada.leave();
}

async function steps(world, it, provider) {
  await it.fill({ issuer: 'no address', client_id: 'muster', 'rules.acr': 'urn:example:loa:2fa' });
  await it.button('Save', '#enter');
  await it.seen('the setup, with an issuer that is none', 400);
  await it.fill({ issuer: provider, client_secret: 'muster-interop-secret' });
  await it.button('Save', '#enter');
  await it.seen('the setup, with a sign-in entered');
  for (const [who, what] of [['clara', 'a test login that proves two factors'], ['boris', 'a test login that proves one']]) {
    await it.button(/test login|Try again/, '#test');
    await it.seen(`the setup, with a test login to begin: ${who}`);
    const trial = await Seen.enter(world, who);
    await trial.go(await it.page.locator('#go').getAttribute('href'));
    await trial.page.locator('[name=person]').fill(who);
    await Promise.all([trial.page.waitForURL(`${world.url}/**`), trial.page.locator('button').click()]);
    await trial.seen(what);
    await trial.leave();
    await it.go(`${world.url}/portal`);
    await it.seen(`the setup, after ${what}`);
  }
  await it.fill({ domain: 'gmail.com' });
  await it.button('Ask for the record', '#domain');
  await it.seen('the setup, with a domain that is nobody’s own', it.answer.status());
  await it.fill({ domain: 'wayne.example' });
  await it.button('Ask for the record', '#domain');
  await it.seen('the setup, with a record to publish');
  await it.button('Look now for the record of wayne.example');
  await it.seen('the setup, with a record that is not there', it.answer.status());
  await publish([await it.text('[id="name-wayne.example"]'), await it.text('[id="value-wayne.example"]')]);
  await it.button('Look now for the record of wayne.example');
  await publish();
  await it.button(/test login|Try again/, '#test');
  const trial = await Seen.enter(world, 'adele');
  await trial.go(await it.page.locator('#go').getAttribute('href'));
  await trial.page.locator('[name=person]').fill('clara');
  await Promise.all([trial.page.waitForURL(`${world.url}/**`), trial.page.locator('button').click()]);
  await trial.leave();
  await it.go(`${world.url}/portal`);
  await it.press('activate');
  await it.seen('the setup, activated');
  await it.button('Make a token', '#make-token');
  await it.seen('the setup, with a token shown this once');
  await scim(await it.text('#scim-url'), await it.text('#token'), 'GET', '/Users');
  await scim(await it.text('#scim-url'), await it.text('#token'), 'POST', '/Users', { userName: '' });
  await it.go(`${world.url}/portal`);
  await it.seen('the setup, with what the directory asked');
  await it.fill({ client_id: 'another', client_secret: 'another-secret' });
  await it.button('Save', '#enter');
  await it.seen('the setup asks before people’s sign-in changes');
  await it.go(`${world.url}/portal`);
  await it.click(/^Take back/, { within: '#tokens' });
  await it.seen('the setup asks before a token is taken back');
}

// What an application may, before somebody allows it; and what they allowed.
async function consent({ url }, person, lang) {
  const app = muster('app', 'create', 'contoso', `Wiki ${lang}`, '--redirect-uri', 'http://127.0.0.1:9/callback');
  const asks = new URLSearchParams({ response_type: 'code', client_id: app.client_id, redirect_uri: 'http://127.0.0.1:9/callback', scope: 'openid profile email offline_access',
    state: 'x', nonce: 'y', code_challenge: createHash('sha256').update('x'.repeat(43)).digest('base64url'), code_challenge_method: 'S256' });
  await person.go(`${url}/oauth/authorize?${asks}`);
  await person.seen(`an application asks, ${lang}`);
  for (const [path, what] of [['/me/factors', 'what one signs in with'], ['/me/elevations', 'roles for a while']]) {
    await person.go(`${url}${path}`);
    await person.seen(`${what}, ${lang}`);
  }
}

async function invitations(world) {
  const { letter } = world;
  for (const lang of ['en', 'de']) {
    const email = `mia-${lang}@partner.example`;
    muster('invitation', 'create', 'contoso', email, '--display-name', 'Mia Moll', '--role', 'Tenant Administrator', '--locale', lang);
    const link = LINK.exec((await until('the invitation', () => letter(email))).text)[0];
    const mia = await Seen.enter(world, 'Mia');
    await mia.go(link);
    const said = await mia.page.locator('html').getAttribute('lang');
    world.report.check(`the invitation is in ${lang}`, said === lang, said);
    await mia.seen(`an invitation in ${lang}`);
    await mia.press('accept');
    await mia.seen(`how to accept, in ${lang}`);
    await mia.press('set-password');
    await mia.seen(`a password to set, ${lang}`);
    await mia.type({ password: 'passwordpassword', password_again: 'passwordpassword' });
    await mia.press('continue');
    await mia.seen(`a password that is too easy, ${lang}`, mia.answer.status());
    await mia.type({ password: PASSWORD, password_again: PASSWORD });
    await mia.press('continue');
    await mia.seen(`a code to set up, ${lang}`);
    await mia.type({ code: totp((await mia.read('otp-secret')).replace(/\s/g, '')) });
    await mia.press('continue');
    await mia.seen(`one’s own account, just come in, ${lang}`);
    await consent(world, mia, lang);
    await mia.go(link);
    await mia.seen(`an invitation that was used, ${lang}`, 410);
    await mia.press('ask');
    await mia.seen(`a new invitation is asked for, ${lang}`);
    await mia.leave();
  }
}

async function signingIn(world) {
  const { url, password, adaSecret } = world;
  const ada = await Seen.enter(world, 'Ada at the door');
  await ada.go(`${url}/signin`);
  await ada.seen('signing in: which company');
  await ada.type({ email: 'ada@nowhere.example' });
  await ada.press('continue');
  await ada.seen('signing in: a company without a directory');
  await ada.go(`${url}/signin?tenant=contoso`);
  await ada.seen('signing in: a company with a directory');
  await ada.go(`${url}/signin?tenant=northwind`);
  await ada.type({ user_name: 'ada', password: 'not at all what it is' });
  await ada.press('sign-in');
  await ada.seen('signing in: a wrong password', ada.answer.status());
  await ada.type({ user_name: 'ada', password });
  await ada.press('sign-in');
  await ada.seen('signing in: a code is asked');
  await ada.type({ code: '000000' });
  await ada.press('continue');
  await ada.seen('signing in: a wrong code', ada.answer.status());
  await ada.type({ code: await code(adaSecret) });
  await ada.press('continue');
  await ada.go(`${url}/signin`);
  await ada.seen('signing in: in which company', ada.answer.status());
  await ada.go(`${url}/oauth/logout`);
  await ada.seen('signing out, asked', ada.answer.status());
  await ada.go(`${url}/me`);
  await ada.press('signout');
  await ada.seen('signed out');
  await ada.go(`${url}/signin?tenant=northwind`);
  await ada.press('forgot');
  await ada.seen('a password is forgotten');
  await ada.page.locator('#forgot-form input:not([type=hidden])').first().fill('theo');
  await ada.button(/./, '#forgot-form');
  await ada.seen('a password is forgotten: asked', ada.answer.status());
  const link = LINK.exec((await until('the letter', () => { const l = world.letter('theo@provider.example'); return LINK.test(l?.text ?? '') && l; })).text)[0];
  await ada.go(link);
  await ada.seen('a new password to set');
  await ada.type({ password: 'passwordpassword', password_again: 'another password' });
  await ada.press('continue');
  await ada.seen('a new password to set: two that differ', ada.answer.status());
  await ada.go(`${url}/reset/mst_rst_nothing`);
  await ada.seen('a link to a new password that is over', ada.answer.status());
  for (const [path, what] of [['/invite/mst_inv_nothing', 'an invitation that never was'], ['/setup/mst_set_nothing', 'a first start that is over'], ['/nothing-like-that', 'an address that leads nowhere'],
    ['/oauth/authorize?client_id=nobody', 'an application that nobody knows']]) {
    await ada.go(`${url}${path}`);
    await ada.seen(what, ada.answer.status());
  }
  await ada.leave();
  // Who has one factor where two are asked.
  muster('user', 'add', 'contoso', 'rolf', '--display-name', 'Rolf', '--password-file', secret('rolf', PASSWORD));
  muster('grant', 'add', 'contoso', 'rolf', 'Tenant Administrator');
  const rolf = await Seen.enter(world, 'Rolf');
  await rolf.go(`${url}/signin?tenant=contoso`);
  await rolf.page.locator('#local summary').click();
  await rolf.type({ user_name: 'rolf', password: PASSWORD });
  await rolf.press('sign-in');
  await rolf.seen('signing in: refused, with a reference', rolf.answer.status());
  await rolf.leave();
  muster('user', 'delete', 'contoso', 'rolf', '--yes');
}

// The first start, at a server that nobody has set up yet.
async function firstStart(world) {
  const link = /https?:\/\/\S+\/setup\/[\w-]+/.exec(readFileSync(process.env.FIRST, 'utf8'))[0];
  const first = await Seen.enter({ ...world, url: new URL(link).origin }, 'Whoever is first');
  await first.go(link);
  await first.seen('the first start');
  const own = { company: 'Provider AG', user_name: 'ada', display_name: 'Ada Lund', email: 'ada@provider.example' };
  await first.type({ ...own, password: PASSWORD, password_again: 'another password' });
  await first.press('continue');
  await first.seen('the first start: two passwords that differ', first.answer.status());
  await first.type({ password: 'passwordpassword', password_again: 'passwordpassword' });
  await first.press('continue');
  await first.seen('the first start: a password that is too easy', first.answer.status());
  await first.type({ password: PASSWORD, password_again: PASSWORD });
  await first.press('continue');
  await first.seen('the first start: a code to set up');
  await first.type({ code: '000000' });
  await first.press('continue');
  await first.seen('the first start: a wrong code', first.answer.status());
  await first.type({ code: totp((await first.read('otp-secret')).replace(/\s/g, '')) });
  await first.press('continue');
  await first.seen('the first administrator, just come in');
  world.report.check('the first administrator is in', first.path === '/me' && (await first.read('roles')).includes('Global Administrator'), await first.words());
  await first.go(`${new URL(link).origin}/admin`);
  await first.seen('what the first administrator finds', first.answer.status());
  await first.go(link);
  await first.seen('the first start, once it is over', first.answer.status());
  await first.leave();
}

// Passkeys, from the first to its removal: only a script can ask a browser for them.
async function passkeys(world) {
  const { url } = world;
  const email = 'pia@partner.example';
  muster('invitation', 'create', 'contoso', email, '--display-name', 'Pia Pass', '--role', 'Tenant Administrator');
  const link = LINK.exec((await until('the invitation', () => world.letter(email))).text)[0];
  const pia = await Seen.withDevice(world, 'Pia');
  await pia.go(link);
  await pia.press('accept');
  await pia.press('set-password');
  await pia.page.locator('#passkey-form').waitFor();
  await pia.seen('a password or a passkey to set');
  await pia.type({ 'passkey-name': 'Pia’s telephone' });
  await pia.page.locator('#passkey').click();
  await pia.page.waitForURL((to) => to.pathname === '/me');
  await pia.seen('one’s own account, by a passkey');
  await pia.go(`${url}/me/factors`);
  await pia.page.locator('#passkey-form').waitFor();
  await pia.seen('what one signs in with, with a passkey');
  world.report.check('the passkey is there', (await pia.text('#passkeys')).includes('Pia’s telephone'), await pia.text('#passkeys'));
  // A fresh page: what looks at one may leave something behind.
  await pia.go(`${url}/me/factors`);
  await pia.page.locator('#passkey').click();
  await pia.page.locator('#passkey-problem:not([hidden])').waitFor();
  await pia.seen('a device that has a passkey already');
  await pia.press('set-code');
  await pia.seen('a code beside the passkey to set up');
  await pia.go(`${url}/me/factors`);
  await pia.page.locator('button.remove').first().click();
  await pia.page.waitForURL(/passkey\/remove/);
  await pia.seen('a passkey is to be removed', pia.answer.status());
  await pia.leave();
  const visitor = await Seen.withDevice(world, 'Somebody with a device');
  await visitor.go(`${url}/signin`);
  await visitor.seen('signing in, with a device that keeps passkeys');
  await visitor.leave();
}

// A role for a while, at one's own page: to be asked for, asked for, refused; and for whoever decides.
async function elevations(world) {
  const { url } = world;
  const rita = 'rita@partner.example';
  muster('invitation', 'create', 'contoso', rita, '--display-name', 'Rita Ruf', '--role', 'Self-Service');
  const link = LINK.exec((await until('the invitation', () => world.letter(rita))).text)[0];
  const person = await Seen.enter(world, 'Rita');
  await person.go(link);
  await person.press('accept');
  await person.press('set-password');
  await person.type({ password: PASSWORD, password_again: PASSWORD });
  await person.press('continue');
  if (await person.has('otp-secret')) {
    await person.type({ code: totp((await person.read('otp-secret')).replace(/\s/g, '')) });
    await person.press('continue');
  }
  muster('elevation', 'allow', 'contoso', rita, 'Read-Only', '--max', '2h', '--reason', 'on call');
  const decides = await Seen.enter(world, 'Ada decides');
  await decides.context.addCookies(world.state.cookies);
  for (const decision of ['refuse', 'approve']) {
    await person.go(`${url}/me/elevations`);
    await person.seen(`a role that may be asked for, ${decision}`);
    const may = (await person.page.locator('article[id^="may-"]').first().getAttribute('id')).slice(4);
    await person.type({ [`reason-${may}`]: 'Case 4711: the accounting machines do not start', [`minutes-${may}`]: '45' });
    await person.press(`ask-${may}`);
    await person.seen(`a role is asked for, ${decision}`);
    await decides.go(`${url}/me/elevations`);
    await decides.seen(`a request waits, ${decision}`);
    await decides.press(await decides.page.locator('a[id^="decide-"]').first().getAttribute('id'));
    await decides.seen(`a request to decide about, ${decision}`);
    if (decision === 'refuse') {
      await decides.press('refuse');
      await decides.seen('a refusal without a word', 422);
      await decides.type({ why: 'Ask the one who is on call' });
    }
    await decides.press(decision);
    await decides.seen(`a request decided, ${decision}`);
    await person.go(`${url}/me/elevations`);
    await person.seen(`what became of the request, ${decision}`);
  }
  world.report.check('both answers are on the page', /Ask the one who is on call/.test(await person.text('#asked')) && await person.page.locator('button[id^="end-"]').count() === 1, await person.text('#asked'));
  await decides.leave();
  await person.leave();
}

export async function run(world) {
  await mirror(world, true);
  await firstStart(world);
  await passkeys(world);
  await elevations(world);
  await portal(world);
  await invitations(world);
  await signingIn(world);
}
