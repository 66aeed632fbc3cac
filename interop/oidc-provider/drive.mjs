// A person's browser, driven through sign-ins from Muster to the provider and back, and what must come of each.
//
// DATA=... node drive.mjs MUSTER_URL PORT PORT_OF_PS256 PORT_OF_EDDSA

import { Application } from '../application.mjs';
import { Browser, Report, muster, until, words } from '../person.mjs';

const [url, ...ports] = process.argv.slice(2);
const [rs, ps, ed] = ports.map((port) => `http://127.0.0.1:${port}`);
const contoso = { tenant: 'contoso', provider: rs };
const report = new Report('oidc-provider');

// From a page of Muster's with the ways in, to the provider and back, to where it stops.
async function through(browser, ways, person, provider) {
  const there = await browser.submit(ways, '/federation/start');
  if (!there.url.startsWith(provider)) throw new Error(`not at the provider: ${there.url} ${words(there.html)}`);
  let page = await browser.submit(there, '/interaction/', { person });
  // Sent back for a stronger proof, the person signs in once more.
  for (page.stepUps = 0; page.url.startsWith(provider) && page.stepUps < 5;) {
    const { stepUps } = page;
    page = await browser.submit(page, '/interaction/', { person });
    page.stepUps = stepUps + 1;
  }
  return page;
}

async function signIn(person, browser = new Browser(), at = contoso) {
  return through(browser, await browser.go(`${url}/signin?tenant=${at.tenant}`), person, at.provider);
}

async function entered(what, person, name, stepUps = 0, at = contoso) {
  const browser = new Browser();
  const page = await signIn(person, browser, at);
  const inside = page.status === 200 && page.url === `${url}/me` && page.html.includes(name);
  report.check(what, inside && page.stepUps === stepUps, `${page.status} ${page.url} ${words(page.html)}`);
  return browser;
}

// A refusal: a page that says `why` with a reference, under which the record has the reason, and no session.
async function judged(what, browser, page, reason, why, fits = () => true) {
  const reference = /id="reference"[^>]*>([^<]+)</.exec(page.html)?.[1];
  const told = page.status === 403 && why.test(page.html) && new URL(page.url).pathname.endsWith(`/refused/${reference}`);
  report.check(what, told, `${page.status} ${page.url} ${words(page.html)}`);
  const record = reference && muster('signins', 'show', 'contoso', reference);
  report.check(`${what}: the record says ${reason}`, record?.reason === reason && fits(record.detail),
    `${record?.reason} ${JSON.stringify(record?.detail)}`);
  const session = await browser.send(`${url}/me`);
  report.check(`${what}: no session`, session.status === 303, session.status);
}

async function refused(what, person, reason, { why = /second factor/, stepUps = 1, fits } = {}) {
  const browser = new Browser();
  const page = await signIn(person, browser);
  report.check(`${what}: asked for more ${stepUps} times`, page.stepUps === stepUps, page.stepUps);
  await judged(what, browser, page, reason, why, fits);
}

async function rotate(provider, alg) {
  const answer = await fetch(`${provider}/rotate?alg=${alg}`, { method: 'POST' });
  console.log(`     ${provider} signs with a new key for ${alg}, ${await answer.text()}`);
}

async function deviate(deviation = {}) {
  await fetch(`${rs}/deviate`, { method: 'POST', body: JSON.stringify(deviation) });
}

// Who proves what.
await entered('amr says mfa: in', 'adele', 'Adele Vance');
await refused('amr says only pwd', 'boris', 'mfa_not_proved', { fits: (d) => `${d.seen.evidence.amr}` === 'pwd' && d.seen.stepped_up });
await entered('no second factor at first, and one when it is asked for: in after one step-up', 'greta', 'Greta Holm', 1);
await entered('acr names a second factor: in', 'clara', 'Clara Lind');
await refused('acr is lower than what was asked for', 'david', 'mfa_not_proved', {
  fits: (d) => d.seen.evidence.acr === 'urn:example:loa:password' && d.seen.evidence.rule === 'generic:none' && d.seen.demanded === 'mfa',
});
await refused('somebody the directory never provisioned', 'erika', 'identity_unknown_jit_off',
  { why: /nobody has given you an account/, stepUps: 0 });

// Other keys, also for another algorithm, which the provider did not state before.
await rotate(rs, 'RS256');
await entered('the provider has new keys: in', 'adele', 'Adele Vance');
await refused('new keys prove no second factor', 'boris', 'mfa_not_proved');
for (const [tenant, provider, before, after] of [['fabrikam', ps, 'PS256', 'EdDSA'], ['northwind', ed, 'EdDSA', 'RS256']]) {
  const at = { tenant, provider };
  await entered(`signed with ${before}: in`, 'adele', 'Adele Vance', 0, at);
  await rotate(provider, after);
  await entered(`from ${before} to ${after} between two sign-ins: in`, 'adele', 'Adele Vance', 0, at);
}

// Signed out there, signed out here.
const wiki = await Application.make(url, 'contoso', 'Wiki');
async function works(person, name, stepUps = 0) {
  const browser = await entered(`${person} signs in`, person, name, stepUps);
  const given = await wiki.tokens(browser);
  report.check(`${person} has tokens of an application, which are active`, given.refresh_token && await wiki.active(given),
    JSON.stringify(given));
  return { browser, given };
}
for (const [person, name, stepUps] of [['adele', 'Adele Vance', 0], ['greta', 'Greta Holm', 1]]) {
  const [one, other] = [await works(person, name, stepUps), await works(person, name, stepUps)];
  const ask = await one.browser.go(`${rs}/session/end`);
  const began = Date.now();
  const gone = await one.browser.submit(ask, '/session/end/confirm', { logout: 'yes' });
  report.check(`${person} signs out at the provider`, gone.status === 200 && gone.url.includes('/session/end/success'), gone.url);
  await until('the access token to end', async () => !await wiki.active(one.given), 5);
  console.log(`     its access token is not active ${Date.now() - began} ms after ${person} clicked`);
  const me = await one.browser.send(`${url}/me`);
  report.check('the session here is over', me.status === 303, me.status);
  const refresh = await wiki.refresh(one.given);
  report.check('so is the refresh token', refresh.error === 'invalid_grant', JSON.stringify(refresh));
  // The id token's `sid` arrived: the session that is named ended, and none beside it.
  const still = await other.browser.send(`${url}/me`);
  const next = await wiki.refresh(other.given);
  report.check('the session of the other browser is not', still.status === 200 && next.access_token && await wiki.active(next),
    `${still.status} ${JSON.stringify(next)}`);
  const taken = muster('audit', 'contoso').items.find((e) => e.action === 'signal.take');
  report.check('the audit trail has the signal and what it ended',
    taken?.detail.how === 'back_channel_logout' && taken.detail.known && taken.detail.sessions === 1 && taken.detail.families === 1,
    JSON.stringify(taken));
}

// What deviates. Proofs that cannot be read cost their weight.
const unread = (name) => (d) => d.seen.evidence[name] === null && d.seen.evidence.note?.includes(name);
await deviate({ drop: ['amr'] });
await refused('no amr', 'adele', 'mfa_not_proved', { fits: (d) => d.seen.evidence.amr === null && !d.seen.evidence.note });
await deviate({ set: { amr: 'mfa' } });
await refused('amr is one text', 'adele', 'mfa_not_proved', { fits: unread('amr') });
await deviate({ set: { amr: [2, 7] } });
await refused('amr has numbers', 'adele', 'mfa_not_proved', { fits: unread('amr') });
await deviate({ set: { amr: 2 } });
await refused('amr is a number', 'adele', 'mfa_not_proved', { fits: unread('amr') });
await deviate({ set: { acr: 2 } });
await refused('acr is a number', 'clara', 'mfa_not_proved', { fits: unread('acr') });

// Answers that are none.
const failed = { why: /./, stepUps: 0 };
await deviate({ silent: ['iss'] });
await refused('it states that answers say who they are from, and this one does not', 'adele', 'issuer_mismatch', failed);
await deviate({ kid: 'nobody' });
await refused('a key that nobody knows', 'adele', 'key_unknown',
  { ...failed, fits: (d) => /nobody/.test(d.operator) });
await deviate({ ahead: 600 });
await refused('its clock is ten minutes ahead', 'adele', 'clock_skew', { ...failed, fits: (d) => /'iat'/.test(d.why) });
await deviate({ ahead: -1200 });
await refused('its clock is twenty minutes behind', 'adele', 'clock_skew', failed);
await deviate({ ahead: 90 });
await entered('its clock is ahead by less than two minutes: in', 'adele', 'Adele Vance');

// A fresh proof is asked for, and whether it is one is not said.
await deviate();
let browser = new Browser();
let page = await through(browser, await wiki.ask(browser, { tenant: 'contoso', max_age: '600' }), 'adele', rs);
const fresh = await wiki.tokens(browser, page);
report.check('a fresh proof is asked for, and auth_time says that it is one: in', await wiki.active(fresh), JSON.stringify(fresh));
for (const [what, deviation, says] of [
  ['and there is no auth_time', { drop: ['auth_time'] }, /no 'auth_time'/],
  ['and auth_time is from before', { set: { auth_time: Math.floor(Date.now() / 1000) - 4000 } }, /from before/],
]) {
  await deviate(deviation);
  browser = new Browser();
  page = await through(browser, await wiki.ask(browser, { tenant: 'contoso', max_age: '600' }), 'adele', rs);
  await judged(`a fresh proof is asked for, ${what}`, browser, page, 'auth_too_old', /./,
    // It was asked once more, for a proof of that moment.
    (d) => says.test(d.why) && d.seen.max_age === 0 && d.seen.stepped_up);
}
await deviate();

// A code counts once.
const back = `${url}/federation/callback/`;
async function answer() {
  const held = new Browser();
  held.hold = back;
  const to = await signIn('adele', held);
  held.hold = undefined;
  return { held, to: new URL(to.url) };
}
const first = await answer();
const inside = await first.held.go(first.to.href);
report.check('an answer: in', inside.url === `${url}/me`, inside.url);
const twice = await first.held.go(first.to.href);
report.check('the same once more: a page, and nothing is asked of the provider', twice.status === 400, `${twice.status} ${twice.url}`);
const second = await answer();
second.to.searchParams.set('code', first.to.searchParams.get('code'));
await judged('an answer with a code that was used', second.held, await second.held.go(second.to.href), 'code_refused', /./,
  (d) => /invalid_grant/.test(d.why));
const third = await answer();
const [a, b] = await Promise.all([third.held.send(third.to.href), third.held.send(third.to.href)]);
report.check('two at the same time: one is in', [a.status, b.status].sort().join() === '303,400', `${a.status} ${b.status}`);

report.end();
