// What becomes of a company's login once it runs: its domain, what would be decided of a sign-in, its name and settings, the
// provider's security events, off and on, back to a draft, taken away, deleted.

import { muster, musterRefuses } from '../../person.mjs';
import { Clerk } from '../clerk.mjs';
import { scim, secret } from '../seed.mjs';
import { comes, person } from './connect.mjs';

const T = 'oscorp';
const directory = (name = 'Oscorp login') => muster('directory', 'list', T).items.find((d) => d.name === name);
const OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
let say;

// The page of the login, or one of its pages.
const at = (ada, path = '') => ada.at(T, `/directories/${directory().id}${path}`);

// What somebody finds who types an address at the sign-in: the company's login, if it leads there.
async function leads(world, address = `boris@${T}.example`) {
  const who = await Clerk.enter(world, 'Whoever types an address');
  await who.go(`${world.url}/signin`);
  await who.type({ email: address });
  await who.press('continue');
  const text = await who.words();
  await who.leave();
  return text;
}

export const login = {
  async 'a domain is confirmed by hand, and leads to the login'(world) {
    const { ada, check, url, providers: [provider] } = world;
    muster('tenant', 'create', T, '--name', 'Oscorp');
    const { scim_base_url: base } = muster('directory', 'create', T, 'Oscorp login', '--issuer', provider, '--client-id', 'muster', '--client-secret-file',
      secret(T, 'muster-interop-secret'), '--mfa-amr', 'mfa');
    const { token } = muster('scim-token', 'create', T, 'Oscorp login');
    say = (...asked) => scim(base, token, ...asked);
    for (const [sub, name] of [['adele', 'Adele Vance'], ['boris', 'Boris Ek']]) await say('POST', '/Users', person(T, sub, name));
    check('before, an address leads nowhere', !(await leads(world)).includes('Oscorp login'), await leads(world));
    await ada.go(`${url}/admin/system/domains`);
    await ada.fill({ domain: `${T}.example`, tenant: 'oscrop' });
    await ada.button('Confirm the domain');
    check('a company that is none is said at the field', await ada.saidAt('tenant') && await ada.value('domain') === `${T}.example`, await ada.words());
    await ada.fill({ tenant: T });
    await ada.button('Confirm the domain');
    check('confirmed, an address leads to the login', (await leads(world)).includes('Oscorp login') && await ada.has(`domain-${T}.example`), await leads(world));
    const boris = await comes(world, provider, `boris@${T}.example`, 'boris');
    check('and Boris comes in', await boris.isIn() && boris.path.startsWith('/me'), await boris.words());
    await boris.leave();
    muster('domain', 'add', T, `other.${T}.example`);
    await ada.go(`${url}/admin/system/domains`);
    await ada.click(`Remove other.${T}.example`);
    await ada.press('remove');
    check('one that is removed by the platform leads nowhere', !(await leads(world, `x@other.${T}.example`)).includes('Oscorp login') && !await ada.has(`domain-other.${T}.example`), await ada.words());
    muster('domain', 'add', T, `old.${T}.example`);
    await ada.at(T, '/domains');
    await ada.click(`old.${T}.example`);
    await ada.press('remove');
    check('the page says what it means, and nothing has happened', (await leads(world, `x@old.${T}.example`)).includes('Oscorp login') && await ada.has('confirm'), await ada.words());
    await ada.press('confirm');
    check('nor does one that the company removes', !(await leads(world, `x@old.${T}.example`)).includes('Oscorp login') && !await ada.has(`domain-old.${T}.example`), await ada.words());
  },

  async 'what would be decided of a sign-in is asked'(world) {
    const { ada, check } = world;
    const { id } = directory();
    const all = async () => (await ada.api(`/tenants/${T}/signins?limit=50&directory=${id}`)).body.items;
    const judged = async () => { await ada.button('Judge it'); return ada.text('#told'); };
    const before = await all();
    const [came] = before.filter((s) => s.outcome === 'success');
    await at(ada, '/simulate');
    await judged();
    check('nothing to judge is said at the field', await ada.saidAt('token'), await ada.words());
    await ada.fill({ token: 'no token at all' });
    await judged();
    check('so is a token that is none', await ada.saidAt('token') && ada.answer.status() === 400, `${ada.answer.status()} ${await ada.words()}`);
    await ada.fill({ signin: came.reference, token: 'no token at all' });
    await judged();
    check('so are both at once, and the choice stays', await ada.saidAt('token') && await ada.value('signin') === came.reference, await ada.words());
    await ada.fill({ signin: came.reference, token: '', permission: 'users.fly' });
    await judged();
    check('a permission that is none is said at the field', await ada.saidAt('permission') && await ada.value('permission') === 'users.fly', await ada.words());
    await ada.fill({ permission: '' });
    const now = await judged();
    check('as it is now, Boris would come in', now.startsWith('They would come in') && now.includes(`boris@${T}.example`), now);
    await ada.at(T, '/policy');
    await ada.fill({ 'mfa.default': 'always', 'mfa.level': 'mfa' });
    await ada.press('mfa-save');
    await at(ada, '/simulate');
    await ada.fill({ signin: came.reference });
    const then = await judged();
    check('with two factors demanded, he would be asked for more', /asked once more|refused/.test(then.slice(0, 60)) && then.includes('everybody'), then);
    check('with what was looked at', await ada.page.locator('#looked tbody tr').count() > 0, then);
    await ada.at(T, '/policy');
    await ada.fill({ 'mfa.default': 'never' });
    await ada.press('mfa-save');
    check('and nothing was kept of it', (await all()).length === before.length && muster('policy', 'show', T).mfa.default === 'never', `${(await all()).length} ${before.length} ${JSON.stringify(muster('policy', 'show', T).mfa)}`);
  },

  async 'a directory has another name, and other settings'(world) {
    const { ada, check } = world;
    await at(ada);
    await ada.press('edit');
    await ada.fill({ name: 'Oscorp single sign-on' });
    await ada.button('Save');
    check('people find it under its new name', (await leads(world)).includes('Continue with Oscorp single sign-on'), await leads(world));
    muster('directory', 'edit', T, 'Oscorp single sign-on', '--name', 'Oscorp login');
    const members = (value) => say('POST', '/Groups', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: `Crew ${value}`, members: [{ value: `nobody-${value}` }] });
    const before = await members(1);
    check('before, a member who is nobody here is left out', before.status === 201 && !before.members?.length, JSON.stringify(before));
    await at(ada, '/provisioning/settings');
    await ada.fill({ 'mass_change.percent': '30', unknown_members: 'refuse', 'log.days': '500' });
    await ada.button('Save');
    check('more days than there may be are said at the field', await ada.saidAt('log.days') && await ada.value('log.days') === '500' && await ada.value('mass_change.percent') === '30', await ada.words());
    await ada.fill({ 'log.days': '30' });
    await ada.button('Save');
    const set = directory().provisioning;
    check('saved, they are as they were typed', set.mass_change.percent === 30 && set.log.days === 30 && set.unknown_members === 'refuse' && await ada.has('done'), JSON.stringify(set));
    const after = await members(2);
    check('and such a member has the whole request refused', Number(after.status) === 400, JSON.stringify(after));
  },

  async 'the provider’s security events are taken, with a secret, and no more'(world) {
    const { ada, check } = world;
    await at(ada, '/signals');
    await ada.page.locator('#signals details summary').click();
    await ada.fill({ credential_change: 'end', issuer: 'ftp://signals.example/' });
    await ada.button('Take security events');
    check('a signer that is none is said at the field', await ada.saidAt('issuer') && await ada.value('issuer') === 'ftp://signals.example/' && await ada.value('credential_change') === 'end', await ada.words());
    await ada.fill({ issuer: '' });
    await ada.button('Take security events');
    const shown = () => muster('signals', 'show', T, 'Oscorp login');
    check('taken, as it was chosen', shown().settings.credential_change === 'end', JSON.stringify(shown()));
    const push = await ada.text('#push-url');
    const pushed = async (bearer) => (await fetch(push, { method: 'POST', body: 'x.y.z', headers: { 'content-type': 'application/secevent+jwt', accept: 'application/json', ...(bearer && { authorization: `Bearer ${bearer}` }) } })).status;
    check('without a secret, what is no event is refused as that', await pushed() === 400, await pushed());
    await ada.press('secret');
    const key = await ada.text('#secret');
    check('the secret is shown, this once', key.length > 20 && /not shown again/.test(await ada.text()), await ada.words());
    await ada.press('on');
    check('and no page shows it again', !(await ada.page.content()).includes(key));
    check('with one, whoever has it not is not let in', await pushed() === 401 && await pushed('another') === 401 && await pushed(key) === 400, `${await pushed()} ${await pushed('another')} ${await pushed(key)}`);
    await ada.press('delete');
    await ada.press('confirm');
    check('no more of them taken, nothing is there to push to', await pushed(key) === 404 && (await ada.text()).includes('Take security events'), `${await pushed(key)} ${await ada.words()}`);
  },

  async 'a directory is switched off, and on'(world) {
    const { ada, check, url, providers: [provider] } = world;
    const boris = await comes(world, provider, `boris@${T}.example`, 'boris');
    await at(ada);
    await ada.press('off');
    check('the page says what ends, and nothing has', /sessions of its people end/.test(await ada.text()) && await boris.isIn(), await ada.words());
    await ada.press('confirm');
    check('off, its people are out', directory().status === 'disabled' && !await boris.isIn(), `${JSON.stringify(directory())} ${await ada.words()}`);
    await boris.go(`${url}/me`);
    check('and are sent to sign in', boris.path.startsWith('/signin'), boris.page.url());
    check('where it is not offered', !(await leads(world)).includes('Oscorp login'), await leads(world));
    const refused = await say('GET', '/Users');
    check('its SCIM client is refused', Number(refused.status) >= 400 && Number(refused.status) < 500, JSON.stringify(refused).slice(0, 200));
    await ada.press('on');
    const again = await comes(world, provider, `boris@${T}.example`, 'boris');
    check('on again, they come in', directory().status !== 'disabled' && await again.isIn() && (await say('GET', '/Users')).totalResults > 0, await again.words());
    await boris.leave();
    await again.leave();
  },

  async 'a login goes back to a draft, is taken away, and its directory deleted'(world) {
    const { ada, check, providers: [provider] } = world;
    const boris = await comes(world, provider, `boris@${T}.example`, 'boris');
    await at(ada, '/signin');
    await ada.press('withdraw');
    check('the page says what that means', /offered to nobody/.test(await ada.text()) && directory().stage !== 'draft', await ada.words());
    await ada.press('confirm');
    check('a draft, it is offered to nobody, and sessions go on', directory().stage === 'draft' && !(await leads(world)).includes('Oscorp login') && await boris.isIn(), `${directory().stage} ${await leads(world)}`);
    await ada.press('remove');
    check('what is forgotten is said first', /forgotten/.test(await ada.text()) && directory().signin, await ada.words());
    await ada.press('confirm');
    check('taken away, there is none', !directory().signin && /Nobody signs in by it yet/.test(await ada.text()), JSON.stringify(directory()));
    const { id } = muster('user', 'show', T, `boris@${T}.example`);
    await at(ada);
    await ada.press('delete');
    await ada.fill({ confirm: 'Oscorp' });
    await ada.press('confirm');
    check('another name is said at the field, and nothing is deleted', await ada.saidAt('confirm') && directory(), await ada.words());
    await ada.fill({ confirm: 'Oscorp login' });
    await ada.press('confirm');
    check('deleted, it is gone, and its people with it', !directory() && /no |not found|unknown/i.test(musterRefuses('user', 'show', T, id)) && !await boris.isIn(), await ada.words());
    await boris.leave();
  },
};
